// SHA-256, for what must be recognised again: a suite's content, files that `tests update` wrote.
#pragma once

#include <string>
#include <string_view>

namespace interoper {

// 64 lower-case hex digits. WorldError("no-sha256") when the crypto library refuses (a policy can switch algorithms off).
std::string sha256(std::string_view bytes);

}  // namespace interoper
