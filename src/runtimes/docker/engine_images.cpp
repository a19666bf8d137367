// The part of Engine that is about images: pull, build, tag, import.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/lines.hpp"
#include "runtimes/docker/engine.hpp"
#include "runtimes/docker/engine_json.hpp"

namespace interoper::docker {

namespace {

// A build may compile a compiler; one that takes longer hangs.
constexpr std::chrono::hours build_within{2};
// The whole context is sent before the engine answers.
constexpr std::chrono::minutes upload_within{30};
// A registry that is reached sends progress every second; name look-ups that fail take up to half a minute.
constexpr std::chrono::seconds silent_pull_within{120};
constexpr std::chrono::minutes pull_within{60};
// A progress message is a line of output; a program may write very long ones.
constexpr std::size_t message_limit_bytes = std::size_t{4} << 20U;
// Enough to see what went wrong, little enough to read.
constexpr std::size_t last_lines_kept = 20;

// Calls `take` for every JSON object of a stream of them.
Task<> read_messages(HttpBody& body, Clock::duration silence, Clock::time_point deadline, std::function<void(const Json&)> take) {
  LineSplitter lines(message_limit_bytes);
  const auto take_line = [&take](const LineSplitter::Line& line) {
    const Json message = Json::parse(line.text, nullptr, false);
    if (message.is_object()) take(message);
  };
  while (true) {
    const auto until = std::min(deadline, Clock::now() + silence);
    const std::string_view piece = co_await body.read_some(until);
    if (piece.empty()) break;
    lines.feed(piece, take_line);
  }
  lines.finish(take_line);
}

// The body of an error answer, up to what a person would read.
Task<std::string> read_error(HttpBody& body) {
  constexpr std::size_t enough = 4096;
  std::string text;
  const auto deadline = Clock::now() + http_answer_within;
  while (text.size() < enough) {
    const std::string_view piece = co_await body.read_some(deadline);
    if (piece.empty()) break;
    text.append(piece);
  }
  co_return std::move(text);
}

// "Extracting", with the layer and how far it is.
std::string pull_line(const Json& message) {
  std::string line = text_at(message, "status");
  const std::string id = text_at(message, "id");
  const std::string progress = text_at(message, "progress");
  if (!id.empty()) line.insert(0, id + ": ");
  if (!progress.empty()) line += " " + progress;
  return line;
}

class WholeText final : public HttpUpload {
 public:
  explicit WholeText(std::string text) : text_(std::move(text)) {}
  bool next(std::string& piece) override {
    constexpr std::size_t piece_bytes = std::size_t{256} * 1024;
    piece = text_.substr(sent_, piece_bytes);
    sent_ += piece.size();
    return sent_ < text_.size();
  }

 private:
  std::string text_;
  std::size_t sent_ = 0;
};

// The engine colours what a build writes to its stderr; terminals are our console's business.
std::string without_colours(std::string_view line) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool is_escape = line[i] == '\x1b' && i + 1 < line.size() && line[i + 1] == '[';
    if (is_escape) {
      const std::size_t end = line.find_first_not_of("0123456789;", i + 2);
      i = std::min(end, line.size());
    } else {
      out += line[i];
    }
  }
  return out;
}

// What a build says, as it says it.
class BuildLog {
 public:
  BuildLog(BuildOutcome& outcome, const Progress& progress) : outcome_(outcome), progress_(progress) {}

  void take(const Json& message) {
    if (const std::string error = text_at(message, "error"); !error.empty()) outcome_.error = error;
    const auto aux = message.find("aux");
    if (aux != message.end()) {
      if (const std::string id = text_at(*aux, "ID"); !id.empty()) outcome_.image_id = id;
    }
    const std::string stream = text_at(message, "stream");
    lines_.feed(stream, [this](const LineSplitter::Line& line) { add(line.text); });
    // Progress of a base image that is pulled.
    if (message.contains("status") && !message.contains("progress")) add(pull_line(message));
  }
  void finish() {
    lines_.finish([this](const LineSplitter::Line& line) { add(line.text); });
  }

 private:
  void add(std::string_view written) {
    const std::string line = without_colours(written);
    if (line.empty()) return;
    if (progress_) progress_(line);
    if (line.starts_with("Step ")) outcome_.last_step = line;
    // The engine's own bookkeeping explains no failure.
    if (line.starts_with(" ---> ") || line.starts_with("Removing intermediate container ")) return;
    outcome_.last_lines.push_back(line);
    if (outcome_.last_lines.size() > last_lines_kept) outcome_.last_lines.erase(outcome_.last_lines.begin());
  }

  BuildOutcome& outcome_;
  const Progress& progress_;
  LineSplitter lines_;
};

std::string build_query(const BuildOrder& order) {
  std::string query = "/build?version=1&rm=1&forcerm=1&t=" + url_escape(order.tag);  // version 1: progress as readable JSON
  if (!order.dockerfile.empty()) query += "&dockerfile=" + url_escape(order.dockerfile);
  query += "&labels=" + url_escape(Json(order.labels).dump(-1, ' ', false, Json::error_handler_t::replace));
  return query;
}

// "Upper/Case:1": no engine can have it. One bad name in a registry must not keep the images of all others from being found.
bool names_no_image(const EngineError& error) {
  return error.status() == 400 && error.message().find("invalid reference format") != std::string::npos;
}

}  // namespace

std::pair<std::string, std::string> split_reference(std::string_view reference) {
  const std::size_t at = reference.find('@');
  if (at != std::string_view::npos) return {std::string(reference.substr(0, at)), std::string(reference.substr(at + 1))};
  const std::size_t slash = reference.rfind('/');
  const std::size_t colon = reference.rfind(':');
  const bool has_tag = colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
  if (!has_tag) return {std::string(reference), "latest"};
  return {std::string(reference.substr(0, colon)), std::string(reference.substr(colon + 1))};
}

Task<std::optional<ImageFound>> Engine::image(std::string reference) {
  const std::string path = "/images/" + url_escape(reference) + "/json";
  std::optional<ImageFound> found;
  try {
    const HttpResponse response = co_await call("inspect the image " + reference, "GET", path);
    const Json answer = parse_answer(response.body);
    found.emplace();
    found->id = text_at(answer, "Id");
    found->os = text_at(answer, "Os");
    found->architecture = text_at(answer, "Architecture");
    found->variant = text_at(answer, "Variant");
    const Json config = answer.value("Config", Json::object());
    found->labels = labels_at(config, "Labels");
    found->entrypoint = words_at(config, "Entrypoint");
    found->command = words_at(config, "Cmd");
    const Json digests = answer.value("RepoDigests", Json::array());
    for (const Json& digest : digests) {
      if (digest.is_string()) found->repo_digests.push_back(digest.get<std::string>());
    }
  } catch (const EngineError& error) {
    if (error.status() != 404 && !names_no_image(error)) throw;
  }
  co_return std::move(found);
}

Task<> Engine::tag_image(std::string id, std::string repository, std::string tag) {
  const std::string path = "/images/" + url_escape(id) + "/tag?repo=" + url_escape(repository) + "&tag=" + url_escape(tag);
  const std::string doing = "tag an image as " + repository + ":" + tag;
  co_await call(doing, "POST", path);
}

Task<> Engine::untag_image(std::string reference) {
  const std::string path = "/images/" + url_escape(reference);
  try {
    co_await call("remove an image", "DELETE", path);
  } catch (const EngineError& error) {
    if (error.status() != 404) throw;
  }
}

Task<> Engine::pull_image(std::string reference, Progress progress) {
  const auto [name, tag] = split_reference(reference);
  const std::string doing = "pull the image " + reference;
  HttpRequest request;
  request.method = "POST";
  request.target = versioned("/images/create?fromImage=" + url_escape(name) + "&tag=" + url_escape(tag));
  request.within = silent_pull_within;
  auto body = co_await http_.open(std::move(request));
  const int status = body->head().status;
  std::string error;
  if (status != 200) {
    const std::string text = co_await read_error(*body);
    throw EngineError(doing, status, message_of(text));
  }
  const auto deadline = Clock::now() + pull_within;
  std::function<void(const Json&)> take = [&](const Json& message) {
    if (const std::string trouble = text_at(message, "error"); !trouble.empty()) error = trouble;
    if (progress) progress(pull_line(message));
  };
  co_await read_messages(*body, silent_pull_within, deadline, std::move(take));
  if (!error.empty()) throw EngineError(doing, status, error);
}

Task<BuildOutcome> Engine::build(BuildOrder order, HttpUpload& context, Progress progress) {
  HttpRequest request;
  request.method = "POST";
  request.target = versioned(build_query(order));
  request.content_type = "application/x-tar";
  request.upload = &context;
  request.within = upload_within;
  auto body = co_await http_.open(std::move(request));
  BuildOutcome outcome;
  const int status = body->head().status;
  if (status != 200) {
    const std::string text = co_await read_error(*body);
    outcome.error = message_of(text);
    co_return std::move(outcome);
  }
  BuildLog log(outcome, progress);
  const auto deadline = Clock::now() + build_within;
  std::function<void(const Json&)> take = [&log](const Json& message) { log.take(message); };
  co_await read_messages(*body, build_within, deadline, std::move(take));
  log.finish();
  outcome.ok = outcome.error.empty();
  co_return std::move(outcome);
}

Task<std::string> Engine::import_image(std::string reference, std::string tar) {
  const auto [name, tag] = split_reference(reference);
  WholeText upload(std::move(tar));
  HttpRequest request;
  request.method = "POST";
  request.target = versioned("/images/create?fromSrc=-&repo=" + url_escape(name) + "&tag=" + url_escape(tag));
  request.content_type = "application/x-tar";
  request.upload = &upload;
  request.within = upload_within;
  const std::string doing = "import the image " + reference;
  const HttpResponse response = co_await http_.send(std::move(request));
  if (response.status != 200) throw EngineError(doing, response.status, message_of(response.body));
  const auto image = co_await this->image(reference);
  if (!image) throw EngineError(doing, response.status, response.body.substr(0, 300));
  co_return image->id;
}

}  // namespace interoper::docker
