#include "runtimes/opening.hpp"

#include <exception>

namespace interoper {

Task<std::unique_ptr<Lab>> opened_or_closed(std::unique_ptr<Lab> lab, Task<> opening) {
  std::exception_ptr failure;
  try {
    co_await std::move(opening);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    co_await lab->close();
    std::rethrow_exception(failure);
  }
  co_return std::move(lab);
}

}  // namespace interoper
