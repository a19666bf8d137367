#include "base/base64.hpp"

#include <openssl/evp.h>

namespace interoper {

std::string base64(std::string_view bytes) {
  constexpr std::size_t chunk = 3 * 1024 * 1024;  // OpenSSL counts in int
  std::string text;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, chunk);
    bytes.remove_prefix(piece.size());
    std::string encoded(4 * ((piece.size() + 2) / 3) + 1, '\0');
    const auto* from = reinterpret_cast<const unsigned char*>(piece.data());
    auto* to = reinterpret_cast<unsigned char*>(encoded.data());
    encoded.resize(static_cast<std::size_t>(EVP_EncodeBlock(to, from, static_cast<int>(piece.size()))));
    text += encoded;
  }
  return text;
}

}  // namespace interoper
