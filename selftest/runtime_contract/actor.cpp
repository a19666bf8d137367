// The process in the contract's cases: does what its arguments say, one after the other (the words are in worlds.hpp). It stands alone:
// linked statically, it runs in an image that holds nothing else.
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

namespace {

void put(int descriptor, const std::string& text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t n = ::write(descriptor, text.data() + at, text.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) ::_exit(90);
    at += static_cast<std::size_t>(n);
  }
}

void out(const std::string& text) { put(STDOUT_FILENO, text); }

void flood(long lines) {
  std::string block;
  char line[32];
  for (long i = 0; i < lines; ++i) {
    std::snprintf(line, sizeof line, "%09ld\n", i);
    block += line;
    if (block.size() < 60'000 && i + 1 < lines) continue;
    out(block);
    block.clear();
  }
}

std::string read_line() {
  std::string line;
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
    line += byte;
  return line;
}

// Every name in the directory, "." and ".." left out.
std::string list(const char* directory) {
  std::string names;
  DIR* open = ::opendir(directory);
  if (open == nullptr) return std::string("! ") + std::strerror(errno);
  while (const dirent* entry = ::readdir(open)) {
    if (entry->d_name[0] != '.') names += std::string(names.empty() ? "" : " ") + entry->d_name;
  }
  ::closedir(open);
  return names;
}

void write_file(const std::string& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0) {
    out("! " + std::string(std::strerror(errno)) + "\n");
    return;
  }
  put(file, text);
  ::close(file);
}

std::string first_line_of(const std::string& path) {
  char text[256] = {};
  const int file = ::open(path.c_str(), O_RDONLY);
  if (file < 0) return std::string("! ") + std::strerror(errno);
  const ssize_t n = ::read(file, text, sizeof text - 1);
  ::close(file);
  return n < 0 ? "!" : std::string(text, static_cast<std::size_t>(n));
}

// 0 when the name has none.
std::uint32_t address_of(const std::string& name) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return 0;
  const std::uint32_t address = reinterpret_cast<const sockaddr_in*>(found->ai_addr)->sin_addr.s_addr;
  ::freeaddrinfo(found);
  return address;
}

// "A=B": whether both names mean one machine.
bool are_one(const std::string& names) {
  const std::size_t sign = names.find('=');
  const std::uint32_t address = address_of(names.substr(0, sign));
  return address != 0 && address == address_of(names.substr(sign + 1));
}

void keep_the_pipe() {
  if (::fork() != 0) return;
  ::setsid();
  std::signal(SIGTERM, SIG_IGN);
  out("grandchild\n");
  while (true)
    ::pause();
}

long now_us() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
}

void eat(long mebibytes) {
  std::vector<char*> all;
  for (long i = 0; i < mebibytes; ++i) {
    auto* one = static_cast<char*>(std::malloc(1 << 20));
    if (one == nullptr) break;
    std::memset(one, 1, 1 << 20);
    all.push_back(one);
  }
}

long fork_until_refused(long most) {
  long n = 0;
  for (; n < most; ++n) {
    const pid_t child = ::fork();
    if (child < 0) break;
    if (child > 0) continue;
    while (true)
      ::pause();
  }
  return n;
}

// A socket that stays open: SOCK_DGRAM at every address of IPv4 or, with that, of IPv6.
void bind_to(int family, int kind, long port) {
  const int opened = ::socket(family, kind, 0);
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(static_cast<std::uint16_t>(port));
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = six.sin6_port;
  const bool is_six = family == AF_INET6;
  const auto* address = is_six ? reinterpret_cast<const sockaddr*>(&six) : reinterpret_cast<const sockaddr*>(&four);
  const bool bound = opened >= 0 && ::bind(opened, address, is_six ? sizeof six : sizeof four) == 0;
  if (bound && kind == SOCK_STREAM) ::listen(opened, 1);
  if (!bound) out("! " + std::string(std::strerror(errno)) + "\n");
}

[[noreturn]] void hang() {
  while (true)
    ::pause();
}

void perform(const std::string& word, const std::string& value) {
  const long number = std::atol(value.c_str());
  if (word == "out") out(value);
  if (word == "err") put(STDERR_FILENO, value);
  if (word == "exit") ::_exit(static_cast<int>(number));
  if (word == "die") {
    std::signal(static_cast<int>(number), SIG_DFL);
    ::kill(::getpid(), static_cast<int>(number));
    hang();
  }
  if (word == "read") out("got " + read_line() + "\n");
  if (word == "close-stdin") ::close(STDIN_FILENO);
  if (word == "hang") hang();
  if (word == "ignore") std::signal(static_cast<int>(number), SIG_IGN);
  if (word == "flood") flood(number);
  if (word == "grandchild") keep_the_pipe();
  if (word == "pid") out(::getpid() == 1 ? "first\n" : "not first\n");
  if (word == "env") out(value + "=" + (std::getenv(value.c_str()) != nullptr ? std::getenv(value.c_str()) : "?") + "\n");
  if (word == "user") out("user " + std::to_string(::getuid()) + "\n");
  if (word == "host") {
    char name[128] = {};
    ::gethostname(name, sizeof name - 1);
    out(std::string(name) + "\n");
  }
  if (word == "list") out("[" + list(value.c_str()) + "]\n");
  if (word == "write") write_file(value, value + "\n");
  if (word == "hide") {
    ::mkdir(value.c_str(), 0700);
    write_file(value + "/inside", "hidden\n");
    ::chmod((value + "/inside").c_str(), 0);
    ::chmod(value.c_str(), 0);
  }
  if (word == "show") out(first_line_of(value));
  if (word == "resolve") out(value + (address_of(value) != 0 ? " yes\n" : " no\n"));
  if (word == "same") out(value + (are_one(value) ? " yes\n" : " no\n"));
  if (word == "udp") bind_to(AF_INET, SOCK_DGRAM, number);
  if (word == "udp6") bind_to(AF_INET6, SOCK_DGRAM, number);
  if (word == "tcp") bind_to(AF_INET, SOCK_STREAM, number);
  if (word == "sleep") ::usleep(static_cast<useconds_t>(number) * 1000);
  if (word == "now") out(std::to_string(now_us()) + "\n");
  if (word == "eat") eat(number);
  if (word == "forks") out(fork_until_refused(number) < number ? "refused\n" : "all\n");
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string step = argv[i];
    const std::size_t sign = step.find('=');
    perform(step.substr(0, sign), sign == std::string::npos ? "" : step.substr(sign + 1));
  }
  return 0;
}
