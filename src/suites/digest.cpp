#include "suites/digest.hpp"

#include <openssl/evp.h>

#include <array>

#include "base/problem.hpp"

namespace interoper {

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned int size_bytes = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), hash.data(), &size_bytes, EVP_sha256(), nullptr) != 1) {
    throw WorldError("no-sha256", "cannot compute a SHA-256: OpenSSL refuses; check its configuration (openssl.cnf)");
  }
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (unsigned int i = 0; i < size_bytes; ++i) {
    hex += digits[hash[i] >> 4];
    hex += digits[hash[i] & 0xF];
  }
  return hex;
}

}  // namespace interoper
