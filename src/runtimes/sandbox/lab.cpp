#include "runtimes/sandbox/lab.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "base/pipes.hpp"
#include "runtimes/opening.hpp"
#include "runtimes/sandbox/command.hpp"
#include "runtimes/sandbox/explain.hpp"
#include "runtimes/sandbox/keep.hpp"
#include "runtimes/udp_watch.hpp"

namespace interoper::sandbox {

namespace {

// Room for what tests exchange in /shared; it is memory.
constexpr std::int64_t shared_bytes = std::int64_t{512} * 1024 * 1024;
// Of /tmp, /run and /dev/shm each; it is memory, and counts as the role's.
constexpr std::int64_t tmp_bytes = std::int64_t{512} * 1024 * 1024;
// Mounts and a fork.
constexpr std::chrono::seconds init_within{30};
// The kernel ends a process at SIGKILL at once, unless it is stuck in the kernel (a dead network disk).
constexpr std::chrono::seconds exit_after_kill_within{30};

// One role, from the init that waits to the status of its process.
struct Running {
  Running(const Executor& executor, Player of, RoleOrder what, Place& where)
      : player(std::move(of)), order(std::move(what)), place(where), changed(executor) {}
  Player player;
  RoleOrder order;
  Place& place;
  Notice changed;
  std::unique_ptr<Wire> control;  // to the init
  std::unique_ptr<Pipes> pipes;
  Descriptor pidfd;                   // of the init
  std::unique_ptr<UdpWatch> sockets;  // when somebody looks
  long oom_kills_before = 0;
  bool is_asked = false;    // start() was called
  bool is_started = false;  // its program runs, or ran
  bool is_lost = false;     // the init went without a word
  std::optional<RemoteFault> fault;
  std::optional<int> status;  // as waitpid(2) gives it
  std::optional<Clock::time_point> killed_at;
};

class SandboxProcess final : public Process {
 public:
  explicit SandboxProcess(std::shared_ptr<Running> running) : running_(std::move(running)) {}

  Task<Chunk> read() override {
    const Pipes::Piece piece = co_await running_->pipes->read();
    co_return Chunk{piece.is_error ? Stream::err : Stream::out, piece.bytes};
  }

  Task<bool> write(std::string_view bytes) override {
    const bool taken = co_await running_->pipes->write(bytes);
    co_return taken;
  }

  Task<> signal(int number) override {
    if (running_->status || running_->is_lost) co_return;
    if (number == SIGKILL && !running_->killed_at) {
      running_->killed_at = Clock::now();
      running_->changed.notify();
    }
    std::string bytes = Packer(Word::signal).number(number).take();
    co_await running_->control->send(std::move(bytes));
  }

  Task<bool> bound_udp(int port) override {
    const std::shared_ptr<Running> running = running_;
    const Predicate over = [running] { return running->status || running->is_lost || running->killed_at; };
    const UdpWatch::Wait wait = [running](const Predicate& holds, Clock::time_point deadline) {
      return running->changed.until(holds, deadline);
    };
    if (over()) co_return false;
    if (!running->sockets) running->sockets = std::make_unique<UdpWatch>(running->place.process);
    const bool is_bound = co_await running->sockets->until_bound(port, over, wait);
    co_return is_bound;
  }

  Task<Exit> exit() override {
    const std::shared_ptr<Running> running = running_;
    const Predicate over_or_killed = [running] { return running->status || running->is_lost || running->killed_at; };
    co_await running->changed.until(over_or_killed);
    const Predicate over = [running] { return running->status || running->is_lost; };
    if (!over()) {
      const auto deadline = *running->killed_at + exit_after_kill_within;
      co_await running->changed.until(over, deadline);
    }
    if (!running->status) throw lost();
    Exit exit;
    const int status = *running->status;
    exit.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (WIFSIGNALED(status)) exit.signal = WTERMSIG(status);
    // A shell whose child was killed because of memory exits with 137 itself.
    exit.oom = exit.code == 128 + SIGKILL && !running->killed_at && ran_out_of_memory();
    co_return exit;
  }

  std::string image_id() const override { return {}; }

 private:
  bool ran_out_of_memory() const { return running_->place.cgroup.oom_kills() > running_->oom_kills_before; }

  WorldError lost() const {
    const std::string who = "the role " + running_->player.role;
    if (!running_->is_lost) {
      return {"kernel-stuck", "the kernel has not ended " + who + " " + std::to_string(exit_after_kill_within.count()) +
                                  " s after SIGKILL; look at its log (dmesg): a process in an uninterruptible wait?"};
    }
    return {"sandbox-died",
            "the init in front of " + who +
                " was killed, and the role with it: by somebody else, or because the machine's memory ran out (see dmesg); run "
                "the test again"};
  }

  std::shared_ptr<Running> running_;
};

class SandboxLab final : public Lab {
 public:
  SandboxLab(Workshop& workshop, Slots& slots, LabOrder order)
      : workshop_(workshop), slots_(slots), order_(std::move(order)), followers_(workshop.executor) {}

  Task<> open() {
    // Before anything is made: what cannot run is told at once.
    std::vector<RoleOrder> orders;
    AttemptOrder attempt;
    attempt.shared_bytes = order_.shared ? shared_bytes : 0;
    attempt.is_kept = order_.shared && order_.keep_shared;
    for (const Player& player : order_.players) {
      orders.push_back(role_order(player, workshop_.launcher.is_privileged()));
      add_binds(player, attempt, orders.back());
    }
    workshop_.check_hurry();
    slot_ = co_await slots_.take(order_);
    workshop_.check_hurry();
    shared_ = co_await slot_->begin(std::move(attempt));
    has_begun_ = true;
    for (std::size_t i = 0; i < orders.size(); ++i) {
      auto running = std::make_shared<Running>(workshop_.executor, order_.players[i], std::move(orders[i]), slot_->place(i));
      roles_.push_back(running);
      limit(*running);
      co_await prepare(*running);
      followers_.spawn(follow(running));
    }
  }

  Task<std::unique_ptr<Process>> start(std::string_view role) override {
    std::shared_ptr<Running> running;
    for (const auto& one : roles_) {
      if (one->player.role == role) running = one;
    }
    assert(running && !running->is_asked);
    workshop_.check_hurry();
    running->is_asked = true;
    // A network of the roles' own is empty; on the host's others have their sockets.
    if (order_.host_network) {
      running->sockets = std::make_unique<UdpWatch>(running->place.process);
      running->sockets->leave_out_present();
    }
    std::string go = Packer(Word::go).take();
    co_await running->control->send(std::move(go));
    const Predicate known = [running] { return running->is_started || running->fault || running->is_lost; };
    const auto deadline = Clock::now() + init_within;
    co_await running->changed.until(known, deadline);
    if (!running->is_started) throw why_not_started(*running);
    std::unique_ptr<Process> process = std::make_unique<SandboxProcess>(running);
    co_return std::move(process);
  }

  Task<> close() override {
    if (is_closed_) co_return;
    is_closed_ = true;
    bool all_gone = true;
    for (const auto& role : roles_)
      let_go(*role);
    for (const auto& role : roles_) {
      const bool gone = co_await is_gone(*role);
      all_gone = all_gone && gone;
    }
    co_await followers_.join();
    for (const auto& role : roles_) {
      if (role->pipes) co_await role->pipes->close();
    }
    if (slot_) co_await leave_slot(all_gone);
  }

 private:
  void limit(Running& running) {
    const Limits& limits = running.player.limits;
    const std::int64_t memory = limits.memory_bytes ? static_cast<std::int64_t>(*limits.memory_bytes) : default_memory_bytes;
    const int processes = limits.pids.value_or(default_processes);
    Cgroup& cgroup = running.place.cgroup;
    cgroup.set(memory, processes, limits.cpus.value_or(0));
    running.oom_kills_before = cgroup.oom_kills();
    if (!cgroup.holds_memory()) running.order.data_bytes = memory;
    if (!cgroup.holds_processes()) running.order.processes = processes;
    if (limits.cpus && !cgroup.holds_cpu())
      workshop_.say_once("there are no control groups for us here: the limit \"cpus\" of tests does not hold");
    running.order.tmp_bytes = std::min(tmp_bytes, memory);
  }

  // Streams, and an init that holds the other ends of them.
  Task<> prepare(Running& running) {
    Pipe in = make_pipe();
    Pipe out = make_pipe();
    Pipe err = make_pipe();
    WirePair control = make_wire_pair();
    running.control = std::make_unique<Wire>(workshop_.executor, std::move(control.here));
    const int to_stdin = running.player.has_stdin ? in.write.release() : -1;
    in.write.close();
    running.pipes = make_pipes(workshop_.executor, Pipes::Ends{to_stdin, out.read.release(), err.read.release()});
    std::string bytes = pack(running.order);
    std::vector<int> streams = {control.there.get(), in.read.get(), out.write.get(), err.write.get()};
    const bool sent = co_await running.place.wire.send(std::move(bytes), std::move(streams));
    Packet reply;
    if (sent) {
      const auto deadline = Clock::now() + init_within;
      reply = co_await running.place.wire.receive(deadline);
    }
    if (reply.bytes.empty()) {
      throw WorldError("sandbox-died",
                       "a process of the sandbox is gone or hangs: somebody killed it, or the machine's memory ran out (see "
                       "dmesg); run the test again");
    }
    Unpacker words(reply.bytes);
    const Word word = words.word();
    if (word == Word::fault) throw unavailable(unpack_fault(words), look_at_kernel());
    errno = EMFILE;  // the kernel drops descriptors that have no room here, in silence
    if (reply.descriptors.empty()) throw no_descriptors("room for a process's descriptor");
    running.pidfd = std::move(reply.descriptors.front());
  }

  // What the init says, until it is gone.
  static Task<> follow(std::shared_ptr<Running> running) {
    while (true) {
      const Packet packet = co_await running->control->receive();
      if (packet.bytes.empty()) break;
      Unpacker words(packet.bytes);
      const Word word = words.word();
      if (word == Word::started) running->is_started = true;
      if (word == Word::fault) running->fault = unpack_fault(words);
      if (word == Word::exited) {
        running->status = static_cast<int>(words.number());
        running->pipes->process_ended();
      }
      running->changed.notify();
    }
    running->is_lost = !running->status;
    running->pipes->process_ended();
    running->changed.notify();
  }

  static WorldError why_not_started(const Running& running) {
    const std::string& role = running.player.role;
    if (running.fault) {
      const bool is_program = running.fault->step == "run" || running.fault->step.starts_with("enter its") ||
                              running.fault->step.starts_with("become") || running.fault->step.starts_with("start");
      if (is_program) return cannot_run(role, running.order.program, running.fault->step, running.fault->error);
      return unavailable(*running.fault, look_at_kernel());
    }
    return {"start-failed", "cannot start " + role + ": its init " + (running.is_lost ? "was killed" : "does not answer") + "; see dmesg"};
  }

  // Ends the init and everything behind it, and everybody's waiting for them.
  static void let_go(Running& running) {
    if (!running.killed_at) running.killed_at = Clock::now();
    if (running.pidfd) ::syscall(SYS_pidfd_send_signal, running.pidfd.get(), SIGKILL, nullptr, 0);
    if (!running.pidfd && running.control) running.control->close();
    if (running.pipes) running.pipes->process_ended();
    running.changed.notify();
  }

  Task<bool> is_gone(const Running& running) const {
    if (!running.pidfd) co_return true;
    const auto deadline = *running.killed_at + exit_after_kill_within;
    const bool gone = co_await process_ended(workshop_.executor, running.pidfd.get(), deadline);
    if (!gone) running.control->close();
    co_return gone;
  }

  // A slot that trouble comes from is not used again; its processes end with it.
  Task<> leave_slot(bool all_gone) {
    bool reusable = false;
    try {
      if (order_.keep_shared && shared_) keep_files(shared_.get(), *order_.keep_shared);
    } catch (const WorldError& error) {
      workshop_.say_once(error.what());
    }
    shared_.close();
    try {
      if (all_gone && has_begun_) reusable = co_await slot_->end();
    } catch (const WorldError&) {
      reusable = false;
    }
    roles_.clear();
    slots_.give_back(std::move(slot_), reusable && !order_.strict);
  }

  Workshop& workshop_;
  Slots& slots_;
  LabOrder order_;
  Group followers_;
  std::unique_ptr<Slot> slot_;
  Descriptor shared_;
  bool has_begun_ = false;
  std::vector<std::shared_ptr<Running>> roles_;
  bool is_closed_ = false;
};

}  // namespace

Task<std::unique_ptr<Lab>> open_lab(Workshop& workshop, Slots& slots, LabOrder order) {
  auto lab = std::make_unique<SandboxLab>(workshop, slots, std::move(order));
  Task<> opening = lab->open();
  return opened_or_closed(std::move(lab), std::move(opening));
}

}  // namespace interoper::sandbox
