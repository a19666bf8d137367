#include "fakes/scripted_runtime.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace interoper::fakes {

namespace {

// Thrown inside a behaviour's waits when it was killed: nothing of it runs after SIGKILL.
struct Killed {};

constexpr std::size_t pipe_size = 64 * 1024;  // as Linux pipes: who writes more than is read waits, or here is read in pieces

}  // namespace

Self::Self(const Executor& executor, std::string name) : role(std::move(name)), executor_(executor), changed_(executor) {}

void Self::print(std::string text) {
  output_.push_back(Piece{Stream::out, std::move(text)});
  changed_.notify();
}

void Self::print_error(std::string text) {
  output_.push_back(Piece{Stream::err, std::move(text)});
  changed_.notify();
}

void Self::event(const std::string& type, const std::string& in) { print("{\"ty\":\"" + type + "\",\"in\":" + in + "}\n"); }

void Self::bind_udp(int port) {
  bound_.insert(port);
  changed_.notify();
}

Task<> Self::sleep(std::chrono::milliseconds duration) {
  const Predicate over = [this] { return killed_ || (sigterm_ && !ignores_sigterm); };
  const bool ended = co_await changed_.until(over, Clock::now() + duration);
  if (ended) throw Killed{};
}

Task<std::string> Self::read_line() {
  const Predicate line_or_end = [this] { return input_.find('\n') != std::string::npos || killed_ || (sigterm_ && !ignores_sigterm); };
  co_await changed_.until(line_or_end);
  const std::size_t end = input_.find('\n');
  if (end == std::string::npos) throw Killed{};
  std::string line = input_.substr(0, end);
  input_.erase(0, end + 1);
  co_return line;
}

Task<bool> Self::terminated(std::chrono::milliseconds limit) {
  const Predicate signalled = [this] { return sigterm_ || killed_; };
  const bool was = co_await changed_.until(signalled, Clock::now() + limit);
  if (killed_) throw Killed{};
  co_return was;
}

class ScriptedProcess : public Process {
 public:
  explicit ScriptedProcess(std::shared_ptr<Self> self) : self_(std::move(self)) {}

  Task<Chunk> read() override {
    const Predicate something = [this] { return !self_->output_.empty() || self_->ended_; };
    co_await self_->changed_.until(something);
    current_.clear();
    Chunk chunk;
    if (!self_->output_.empty()) {
      Self::Piece& piece = self_->output_.front();
      chunk.stream = piece.stream;
      current_ = piece.bytes.substr(0, pipe_size);
      piece.bytes.erase(0, current_.size());
      if (piece.bytes.empty()) self_->output_.pop_front();
      chunk.bytes = current_;
    }
    co_return chunk;
  }

  Task<bool> write(std::string_view bytes) override {
    if (!self_->reads_stdin) {
      const Predicate ended = [this] { return self_->ended_; };
      co_await self_->changed_.until(ended);
      co_return false;
    }
    self_->input_ += bytes;
    self_->changed_.notify();
    co_return !self_->ended_;
  }

  Task<> signal(int number) override {
    if (self_->takes_no_signals) throw WorldError("engine-unreachable", "the engine does not answer");
    if (number == SIGTERM) self_->sigterm_ = true;
    if (number == SIGKILL) self_->killed_ = true;
    self_->changed_.notify();
    co_return;
  }

  Task<bool> bound_udp(int port) override {
    const Predicate settled = [this, port] { return self_->bound_.count(port) != 0 || self_->ended_; };
    co_await self_->changed_.until(settled);
    co_return self_->bound_.count(port) != 0;
  }

  Task<Exit> exit() override {
    const Predicate ended = [this] { return self_->ended_; };
    co_await self_->changed_.until(ended);
    Exit exit = self_->exit_;
    co_return exit;
  }

  std::string image_id() const override { return "sha256:scripted-" + self_->role; }

 private:
  std::shared_ptr<Self> self_;
  std::string current_;
};

class ScriptedLab : public Lab {
 public:
  ScriptedLab(ScriptedRuntime& runtime, LabOrder order) : runtime_(runtime), order_(std::move(order)), running_(runtime.executor) {
    ++runtime_.open_labs;
    runtime_.most_open_labs = std::max(runtime_.most_open_labs, runtime_.open_labs);
  }

  Task<std::unique_ptr<Process>> start(std::string_view role) override {
    const std::string name(role);
    const auto failure = runtime_.fails_to_start.find(name);
    if (failure != runtime_.fails_to_start.end()) throw WorldError(failure->second);
    runtime_.started.push_back(order_.cell + "/" + name);
    auto self = std::make_shared<Self>(runtime_.executor, name);
    selves_.push_back(self);
    running_.spawn(play(self, runtime_.behaviours.at(name)));
    co_return std::make_unique<ScriptedProcess>(self);
  }

  Task<> close() override {
    if (is_closed_) co_return;
    is_closed_ = true;
    for (const auto& self : selves_) {
      self->killed_ = true;
      self->changed_.notify();
    }
    co_await running_.join();
    --runtime_.open_labs;
  }

 private:
  static Task<> play(std::shared_ptr<Self> self, Behaviour behaviour) {
    try {
      const int status = co_await behaviour(*self);
      self->exit_.code = status;
    } catch (const Killed&) {
      const int number = self->killed_ ? SIGKILL : SIGTERM;
      self->exit_.signal = number;
      self->exit_.code = 128 + number;
    }
    self->exit_.oom = self->oom;
    self->ended_ = true;
    self->changed_.notify();
  }

  ScriptedRuntime& runtime_;
  LabOrder order_;
  Group running_;
  std::vector<std::shared_ptr<Self>> selves_;
  bool is_closed_ = false;
};

Task<> ScriptedRuntime::begin(std::string) {
  if (fails_to_begin) throw WorldError(*fails_to_begin);
  co_return;
}

Task<std::unique_ptr<Lab>> ScriptedRuntime::open(LabOrder order) {
  orders.push_back(order);
  if (fails_to_open) throw WorldError(*fails_to_open);
  co_return std::make_unique<ScriptedLab>(*this, std::move(order));
}

Task<> ScriptedRuntime::end() { co_return; }

Task<std::optional<ImageFacts>> ScriptedRuntime::image_facts(std::string) { co_return std::nullopt; }

}  // namespace interoper::fakes
