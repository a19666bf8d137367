#include "engine/tap_intake.hpp"

#include <string>
#include <string_view>
#include <variant>

#include "base/json_text.hpp"

namespace interoper {
namespace {

// A JSON object that grows.
class Members {
 public:
  Members& text(std::string_view key, std::string_view value) { return json(key, json_quote(value)); }
  Members& text_if_any(std::string_view key, std::string_view value) { return value.empty() ? *this : text(key, value); }
  Members& number(std::string_view key, std::uint64_t value) { return json(key, std::to_string(value)); }
  Members& boolean(std::string_view key, bool value) { return json(key, value ? "true" : "false"); }
  Members& json(std::string_view key, std::string_view value) {
    object_ += object_.size() > 1 ? "," : "";
    object_.append(json_quote(key)).append(1, ':').append(value);
    return *this;
  }
  Members& depth(const TapToken& token) { return token.depth == 0 ? *this : number("depth", token.depth); }
  std::string object() const { return object_ + "}"; }

 private:
  std::string object_ = "{";
};

}  // namespace

TapIntake::TapIntake(Add add) : add_(std::move(add)), parser_(TapMode::lenient, [this](const TapToken& token) { tell(token); }) {}

void TapIntake::read(const LineSplitter::Line& line) { parser_.read(line.text, line.more); }

Draft TapIntake::end() const {
  const TapSummary& summary = parser_.summary();
  Members in;
  in.number("points", summary.points).boolean("complete", summary.plan.has_value() && summary.missing_count == 0 && !summary.bail_out);
  return engine_draft("tap.end", in.object());
}

void TapIntake::tell(const TapToken& token) const {
  Members in;
  std::string_view type;
  if (const auto* plan = std::get_if<TapPlan>(&token.is)) {
    if (token.depth > 0) return;
    type = "tap.plan";
    in.number("first", plan->first).number("last", plan->last).text_if_any("reason", plan->reason);
  } else if (const auto* point = std::get_if<TapPoint>(&token.is)) {
    type = "tap.point";
    in.number("n", point->number).boolean("ok", point->ok).text("name", point->description);
    if (point->directive != TapDirective::none) in.text("directive", point->directive == TapDirective::skip ? "skip" : "todo");
    in.text_if_any("reason", point->reason).depth(token);
  } else if (const auto* diagnostics = std::get_if<TapDiagnostics>(&token.is)) {
    type = "tap.diagnostics";
    in.number("n", diagnostics->number);
    if (diagnostics->why.empty()) {
      in.json("data", diagnostics->json);
    } else {
      in.text("raw", diagnostics->raw).text("fault", diagnostics->why);
    }
    in.depth(token);
  } else if (const auto* comment = std::get_if<TapComment>(&token.is)) {
    if (comment->key.empty()) return;
    type = "tap.comment";
    in.text("key", comment->key).text("value", comment->value);
  } else if (const auto* bail_out = std::get_if<TapBailOut>(&token.is)) {
    type = "tap.bail-out";
    in.text("reason", bail_out->reason);
  } else if (const auto* anomaly = std::get_if<TapAnomaly>(&token.is)) {
    type = "tap.anomaly";
    in.text("kind", name_of(anomaly->kind)).text("what", anomaly->sentence).boolean("fails", anomaly->error).depth(token);
  }
  if (!type.empty()) add_(engine_draft(type, in.object()));
}

}  // namespace interoper
