#include "runtimes/docker/clean.hpp"

#include <algorithm>
#include <map>

#include "runtimes/docker/host.hpp"
#include "runtimes/docker/workshop.hpp"

namespace interoper::docker {

namespace {

enum class Kind { container, network, volume };

// An object and what became of it.
struct Piece {
  Kind kind;
  Found found;
  std::string trouble;
};

Task<> remove_piece(Engine& engine, Gate& gate, Piece& piece) {
  const Gate::Pass pass = co_await gate.enter();
  try {
    switch (piece.kind) {
      case Kind::container: co_await engine.remove_container(piece.found.id); break;
      case Kind::network: co_await engine.remove_network(piece.found.id); break;
      case Kind::volume: co_await engine.remove_volume(piece.found.id); break;
    }
  } catch (const WorldError& error) {
    piece.trouble = error.what();
  }
}

// As many as keep an engine busy (removals.cpp).
constexpr std::size_t removals_at_once = 4;

Task<> remove_kind(Engine& engine, const Executor& executor, std::vector<Piece*> pieces, Kind kind) {
  Gate gate(executor, removals_at_once);
  Group group(executor);
  for (Piece* piece : pieces) {
    if (piece->kind == kind) group.spawn(remove_piece(engine, gate, *piece));
  }
  co_await group.join();
}

// Networks and volumes can go only after the containers on them.
Task<> remove_pieces(Engine& engine, const Executor& executor, std::vector<Piece*> pieces) {
  for (const Kind kind : {Kind::container, Kind::network, Kind::volume})
    co_await remove_kind(engine, executor, pieces, kind);
}

Task<std::vector<Piece>> list_pieces(Engine& engine, std::string filter) {
  std::vector<Piece> pieces;
  const auto take = [&pieces](std::vector<Found> found, Kind kind) {
    for (Found& one : found)
      pieces.push_back(Piece{kind, std::move(one), {}});
  };
  auto containers = co_await engine.containers(filter);
  take(std::move(containers), Kind::container);
  auto networks = co_await engine.networks(filter);
  take(std::move(networks), Kind::network);
  auto volumes = co_await engine.volumes(filter);
  take(std::move(volumes), Kind::volume);
  co_return std::move(pieces);
}

std::string label_of(const Found& found, const char* key) {
  const auto label = found.labels.find(key);
  return label == found.labels.end() ? std::string() : label->second;
}

// Two projects' runs may have the same name.
std::string key_of(const Piece& piece) { return label_of(piece.found, run_label) + '\n' + label_of(piece.found, owner_label); }

std::map<std::string, CleanedRun> runs_of(const std::vector<Piece>& pieces) {
  std::map<std::string, CleanedRun> runs;
  for (const Piece& piece : pieces) {
    CleanedRun& run = runs[key_of(piece)];
    run.run = label_of(piece.found, run_label);
    run.owner = life_of(label_of(piece.found, owner_label));
    auto& names = piece.kind == Kind::container ? run.containers : piece.kind == Kind::network ? run.networks : run.volumes;
    names.push_back(piece.found.name);
  }
  return runs;
}

bool may_go(Life owner, const CleanOptions& wish) { return owner == Life::dead || (owner == Life::unknown && wish.all); }

}  // namespace

Task<Cleaned> clean_with(Engine& engine, const Executor& executor, CleanOptions wish) {
  Cleaned cleaned;
  const std::string filter = label_filter(run_label);
  auto pieces = co_await list_pieces(engine, filter);
  auto runs = runs_of(pieces);
  std::vector<Piece*> to_go;
  for (Piece& piece : pieces) {
    if (may_go(runs[key_of(piece)].owner, wish)) to_go.push_back(&piece);
  }
  co_await remove_pieces(engine, executor, to_go);
  for (auto& [name, run] : runs)
    run.removed = may_go(run.owner, wish);
  for (const Piece& piece : pieces) {
    CleanedRun& run = runs[key_of(piece)];
    if (run.trouble.empty()) run.trouble = piece.trouble;
  }
  for (auto& [name, run] : runs)
    cleaned.runs.push_back(std::move(run));
  co_return std::move(cleaned);
}

Task<Cleaned> clean(const Executor& executor, DockerOptions options, CleanOptions wish) {
  const Host host = find_host(options.host);
  Engine engine(executor, host.address);
  co_await engine.connect();
  auto cleaned = co_await clean_with(engine, executor, wish);
  co_return std::move(cleaned);
}

Task<> remove_everything(Engine& engine, const Executor& executor, std::string filter) {
  auto pieces = co_await list_pieces(engine, std::move(filter));
  std::vector<Piece*> all;
  all.reserve(pieces.size());
  for (Piece& piece : pieces)
    all.push_back(&piece);
  co_await remove_pieces(engine, executor, all);
  for (const Piece& piece : pieces) {
    if (!piece.trouble.empty()) throw WorldError("engine-refused", piece.trouble);
  }
}

}  // namespace interoper::docker
