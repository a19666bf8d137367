// Base64 (RFC 4648 §4, with padding) for bytes that JSON cannot hold.
#pragma once

#include <string>
#include <string_view>

namespace interoper {

std::string base64(std::string_view bytes);

}  // namespace interoper
