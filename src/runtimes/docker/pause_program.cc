// The place holder's program: sleeps until a signal ends it. Without a C library, so that it is a few kilobytes and runs in an empty image.
#if !defined(__x86_64__) && !defined(__aarch64__)
#error "say here how this processor calls ppoll(2)"
#endif

namespace {

// ppoll(nullptr, 0, nullptr, nullptr): waits for a signal, for ever.
void wait_for_a_signal() {
#if defined(__x86_64__)
  long result = 271;
  register const void* mask asm("r10") = nullptr;
  asm volatile("syscall" : "+a"(result) : "D"(0L), "S"(0L), "d"(0L), "r"(mask) : "rcx", "r11", "memory");
#else
  register long number asm("x8") = 73;
  register long result asm("x0") = 0;
  register long count asm("x1") = 0;
  register long timeout asm("x2") = 0;
  register long mask asm("x3") = 0;
  asm volatile("svc 0" : "+r"(result) : "r"(number), "r"(count), "r"(timeout), "r"(mask) : "memory");
#endif
}

}  // namespace

extern "C" [[noreturn]] void _start() {
  for (;;)
    wait_for_a_signal();
}
