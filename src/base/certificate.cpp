#include "base/certificate.hpp"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <ctime>
#include <memory>

#include "base/problem.hpp"

namespace interoper {

namespace {

constexpr long backdated_seconds = 60L * 60;
constexpr int version_3 = 2;  // counted from 0
// RFC 5280: at most 20 bytes, positive.
constexpr int serial_bits = 127;
constexpr std::size_t longest_common_name = 64;
constexpr std::size_t longest_dns_name = 253;

template <auto free_it>
struct Freed {
  template <class T>
  void operator()(T* one) const {
    free_it(one);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;
using Name = std::unique_ptr<GENERAL_NAME, Freed<GENERAL_NAME_free>>;
using Octets = std::unique_ptr<ASN1_OCTET_STRING, Freed<ASN1_OCTET_STRING_free>>;
using Text = std::unique_ptr<ASN1_IA5STRING, Freed<ASN1_IA5STRING_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;

[[noreturn]] void fail(const std::string& why) { throw WorldError("certificate-failed", "cannot make a certificate: " + why); }

void must(bool done, const char* what) {
  if (done) return;
  std::array<char, 256> words{};
  ERR_error_string_n(ERR_get_error(), words.data(), words.size());
  fail(std::string("OpenSSL refuses to ") + what + ": " + words.data());
}

Key make_key(const std::string& kind) {
  Key key;
  constexpr std::size_t rsa_bits = 2048;
  if (kind == "P-256" || kind == "P-384") {
    key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", kind.c_str()));
  } else if (kind == "Ed25519") {
    key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  } else if (kind == "RSA-2048") {
    key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", rsa_bits));
  } else {
    fail("there is no key '" + kind + "' (P-256, P-384, Ed25519 or RSA-2048)");
  }
  must(key != nullptr, "make a key");
  return key;
}

bool is_dns_name(const std::string& name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '*';
  };
  return !name.empty() && name.size() <= longest_dns_name && std::all_of(name.begin(), name.end(), is_allowed);
}

Name general_name(const std::string& name) {
  Name made(GENERAL_NAME_new());
  must(made != nullptr, "make a name");
  std::array<unsigned char, sizeof(in6_addr)> address{};
  int size = 0;
  if (::inet_pton(AF_INET, name.c_str(), address.data()) == 1) size = sizeof(in_addr);
  if (::inet_pton(AF_INET6, name.c_str(), address.data()) == 1) size = sizeof(in6_addr);
  if (size > 0) {
    Octets octets(ASN1_OCTET_STRING_new());
    must(octets && ASN1_OCTET_STRING_set(octets.get(), address.data(), size) == 1, "take an address");
    GENERAL_NAME_set0_value(made.get(), GEN_IPADD, octets.release());
    return made;
  }
  if (!is_dns_name(name)) fail("'" + name + "' is neither a DNS name nor an IP address");
  Text text(ASN1_IA5STRING_new());
  must(text && ASN1_STRING_set(text.get(), name.data(), static_cast<int>(name.size())) == 1, "take a name");
  GENERAL_NAME_set0_value(made.get(), GEN_DNS, text.release());
  return made;
}

void add_names(X509& certificate, const std::vector<std::string>& names) {
  if (names.empty()) fail("it is for no name");
  Names all(sk_GENERAL_NAME_new_null());
  must(all != nullptr, "make names");
  for (const std::string& name : names) {
    Name one = general_name(name);
    must(sk_GENERAL_NAME_push(all.get(), one.release()) > 0, "take a name");
  }
  must(X509_add1_ext_i2d(&certificate, NID_subject_alt_name, all.get(), 0, X509V3_ADD_DEFAULT) == 1, "add the names");
  if (names.front().size() > longest_common_name) return;
  const auto* const first = reinterpret_cast<const unsigned char*>(names.front().c_str());
  must(X509_NAME_add_entry_by_txt(X509_get_subject_name(&certificate), "CN", MBSTRING_ASC, first, -1, -1, 0) == 1, "set the common name");
}

// It is a server's and no authority's: who trusts it directly takes it all the same, and strict clients refuse an authority as a server.
void add_uses(X509& certificate) {
  struct Use {
    int kind;
    const char* value;
  };
  for (const Use& use : {Use{NID_basic_constraints, "critical,CA:FALSE"}, Use{NID_key_usage, "critical,digitalSignature"},
                         Use{NID_ext_key_usage, "serverAuth,clientAuth"}}) {
    const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, use.kind, use.value));
    must(extension && X509_add_ext(&certificate, extension.get(), -1) == 1, "add an extension");
  }
}

void set_serial(X509& certificate) {
  const Number number(BN_new());
  must(number && BN_rand(number.get(), serial_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1, "make a random number");
  must(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate)) != nullptr, "set the serial number");
}

std::string text_of(BIO& memory) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(&memory, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace

Certificate make_certificate(const CertificateWish& wish) {
  if (wish.days <= 0) fail("it would be valid for " + std::to_string(wish.days) + " days");
  const Key key = make_key(wish.key);
  const X509Ptr certificate(X509_new());
  must(certificate && X509_set_version(certificate.get(), version_3) == 1, "begin a certificate");
  set_serial(*certificate);
  std::time_t now = std::time(nullptr);  // asked once: some clients count the seconds between the two times
  must(X509_time_adj_ex(X509_getm_notBefore(certificate.get()), 0, -backdated_seconds, &now) != nullptr &&
           X509_time_adj_ex(X509_getm_notAfter(certificate.get()), wish.days, -backdated_seconds, &now) != nullptr,
       "set the times");
  add_names(*certificate, wish.names);
  must(X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get())) == 1, "set the issuer");
  must(X509_set_pubkey(certificate.get(), key.get()) == 1, "set the key");
  add_uses(*certificate);
  // Ed25519 has its own digest in it.
  const EVP_MD* const digest = wish.key == "Ed25519" ? nullptr : EVP_sha256();
  must(X509_sign(certificate.get(), key.get(), digest) > 0, "sign it");

  const Memory certificate_pem(BIO_new(BIO_s_mem()));
  const Memory key_pem(BIO_new(BIO_s_mem()));
  must(certificate_pem && PEM_write_bio_X509(certificate_pem.get(), certificate.get()) == 1, "write the certificate");
  must(key_pem && PEM_write_bio_PKCS8PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, "write the key");
  return {text_of(*certificate_pem), text_of(*key_pem)};
}

}  // namespace interoper
