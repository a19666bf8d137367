// What the user of a run sees on stdout and stderr, and what the user can ask meanwhile: results as they come, a live area beneath them
// on a terminal, a sign of life now and then elsewhere, `t` for what runs.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "commands/keyboard.hpp"
#include "commands/options.hpp"
#include "model/cell.hpp"
#include "reporters/live_area.hpp"
#include "reporters/patient_stream.hpp"
#include "reporters/progress.hpp"
#include "reporters/reporter.hpp"

namespace interoper {

class Screen {
 public:
  // So often `tick` is to be called; no redraw comes sooner after another.
  static constexpr std::chrono::milliseconds tick_every{100};
  using Expected = std::function<std::optional<std::chrono::milliseconds>(const Cell&)>;

  // `report`: the report's folder, as the user would type it. `expected`: how long a cell took in earlier runs.
  Screen(const Options& options, const std::filesystem::path& report, Expected expected);
  ~Screen();  // waits for the readers, and leaves the terminal as it was
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  Reporter& progress() { return progress_; }
  Reporter& results() { return *results_; }

  // What is no result, and no reporter's: whole lines.
  void note(std::string_view text) { print_err(text); }
  void interrupted() { progress_.set_ending(); }
  // Says what runs now.
  void answer();

  // Redraws, looks for keys, offers again what a reader who paused has not taken, gives the sign of life.
  void tick();

  // Gives the terminal away, as it was before; the next tick takes it again.
  void let_go();
  void come_back() { keyboard_.renew(); }

  // The end: all is written, however long the readers take.
  void finish();

 private:
  using Clock = Progress::Clock;

  PatientStream& out() { return one_terminal_ ? err_ : out_; }
  void print_out(std::string_view text);
  void print_err(std::string_view text);
  void print(PatientStream& stream, std::string_view text);
  void draw(bool with_area);
  void look_for_keys();
  void sign_of_life();

  const Options& options_;
  bool one_terminal_;  // stdout and stderr: one stream keeps their order
  bool has_area_;      // while in the foreground
  bool has_keys_;
  PatientStream out_;
  PatientStream err_;
  Progress progress_;
  std::unique_ptr<Reporter> results_;
  LiveArea area_;
  Keyboard keyboard_;
  std::string above_;  // not written yet: it goes above the area with the next draw
  Clock::time_point last_draw_{};
  Clock::time_point last_word_ = Clock::now();
};

}  // namespace interoper
