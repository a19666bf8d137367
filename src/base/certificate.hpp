// Self-signed X.509 certificates for servers under test, made in this process. Nobody is to trust them: their keys lie open.
#pragma once

#include <string>
#include <vector>

namespace interoper {

struct CertificateWish {
  std::string key = "P-256";       // or "P-384", "Ed25519", "RSA-2048"
  int days = 10;                   // from an hour ago (clocks differ) on, so many times 24 hours in all
  std::vector<std::string> names;  // DNS names and IP addresses; the first is also the common name, when it has room for it
};

struct Certificate {
  std::string certificate_pem, key_pem;  // the key in PKCS #8
};

// WorldError("certificate-failed") for a key or a name that there is not, and when OpenSSL refuses.
Certificate make_certificate(const CertificateWish& wish);

}  // namespace interoper
