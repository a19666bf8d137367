#include "canonical.hpp"

#include "base/json_text.hpp"

namespace interoper {
namespace {

class Object {
 public:
  Object& text(std::string_view key, std::string_view value) { return raw(key, json_quote(value)); }
  Object& number(std::string_view key, std::uint64_t value) { return raw(key, std::to_string(value)); }
  Object& flag(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  Object& raw(std::string_view key, std::string_view value) {
    out_ += (out_.size() == 1 ? "" : ",") + json_quote(key) + ":";
    out_ += value;
    return *this;
  }
  std::string done() const { return out_ + "}"; }

 private:
  std::string out_ = "{";
};

const char* name_of(TapDirective directive) {
  switch (directive) {
    case TapDirective::none: return "";
    case TapDirective::skip: return "skip";
    case TapDirective::todo: return "todo";
  }
  return "";
}

struct Members {
  Object& into;

  void operator()(const TapVersion& version) const { into.text("is", "version").number("number", version.number); }
  void operator()(const TapPlan& plan) const {
    into.text("is", "plan").number("first", plan.first).number("last", plan.last).text("reason", plan.reason);
  }
  void operator()(const TapPoint& point) const {
    into.text("is", "point").number("number", point.number).flag("numbered", point.numbered).flag("ok", point.ok);
    into.text("description", point.description).text("directive", name_of(point.directive)).text("reason", point.reason);
    into.flag("ends_subtest", point.ends_subtest).flag("opens_subtest", point.opens_subtest);
  }
  void operator()(const TapDiagnostics& diagnostics) const {
    into.text("is", "diagnostics").number("number", diagnostics.number).raw("json", diagnostics.json.empty() ? "null" : diagnostics.json);
    into.text("raw", diagnostics.raw).text("why", diagnostics.why);
  }
  void operator()(const TapComment& comment) const {
    into.text("is", "comment").text("text", comment.text).text("key", comment.key).text("value", comment.value);
  }
  void operator()(const TapPragma& pragma) const { into.text("is", "pragma").text("key", pragma.key).flag("on", pragma.on); }
  void operator()(const TapBailOut& out) const { into.text("is", "bail-out").text("reason", out.reason); }
  void operator()(const TapSubtestEnd& end) const {
    into.text("is", "subtest-end").text("name", end.name).flag("ok", end.ok).flag("ended", end.ended);
    into.number("points", end.points).number("failed", end.failed);
  }
  void operator()(const TapOther& other) const { into.text("is", "other").text("text", other.text).flag("more", other.more); }
  void operator()(const TapAnomaly& anomaly) const {
    into.text("is", anomaly.error ? "error" : "warning").text("kind", interoper::name_of(anomaly.kind)).text("sentence", anomaly.sentence);
  }
};

}  // namespace

std::string json_of(const TapToken& token) {
  Object object;
  object.number("line", token.line).number("depth", token.depth);
  std::visit(Members{object}, token.is);
  return object.done();
}

std::string json_of(const TapSummary& summary) {
  Object object;
  object.flag("any", summary.any).flag("ok", summary.ok);
  if (summary.plan) object.raw("plan", "[" + std::to_string(summary.plan->first) + "," + std::to_string(summary.plan->last) + "]");
  object.number("points", summary.points).number("failed", summary.failed).number("skipped", summary.skipped);
  object.number("todo", summary.todo).number("bonus", summary.bonus).number("missing", summary.missing_count);
  object.number("errors", summary.errors).number("warnings", summary.warnings);
  if (summary.bail_out) object.text("bail_out", *summary.bail_out);
  return object.done();
}

}  // namespace interoper
