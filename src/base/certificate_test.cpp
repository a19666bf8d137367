// Certificates are looked at with OpenSSL's own verification, as a client would.
#include "base/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <catch2/catch.hpp>
#include <memory>

#include "base/problem.hpp"

using namespace interoper;

namespace {

using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Memory = std::unique_ptr<BIO, decltype(&BIO_free)>;

Memory memory_of(const std::string& text) { return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free}; }

X509Ptr read_certificate(const Certificate& made) {
  const Memory memory = memory_of(made.certificate_pem);
  X509Ptr read(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr), &X509_free);
  REQUIRE(read);
  return read;
}

Key read_key(const Certificate& made) {
  const Memory memory = memory_of(made.key_pem);
  Key read(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  REQUIRE(read);
  return read;
}

// As a TLS client does it that trusts this certificate. X509_V_OK, or why not.
int verify(X509* trusted, X509* shown) {
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(), &X509_STORE_free);
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(X509_STORE_CTX_new(), &X509_STORE_CTX_free);
  X509_STORE_add_cert(store.get(), trusted);
  X509_STORE_CTX_init(context.get(), store.get(), shown, nullptr);
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

CertificateWish relay() {
  CertificateWish wish;
  wish.names = {"localhost", "relay", "moq-relay", "127.0.0.1", "::1"};
  return wish;
}

std::string refusal(const CertificateWish& wish) {
  try {
    make_certificate(wish);
  } catch (const WorldError& error) {
    return error.reason() + ": " + error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a certificate is what servers show and clients take, with every kind of key") {
  for (const char* kind : {"P-256", "P-384", "Ed25519", "RSA-2048"}) {
    INFO(kind);
    CertificateWish wish = relay();
    wish.key = kind;
    const Certificate made = make_certificate(wish);
    const X509Ptr certificate = read_certificate(made);
    const Key key = read_key(made);
    CHECK(made.key_pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));  // PKCS #8
    CHECK(X509_check_private_key(certificate.get(), key.get()) == 1);
    CHECK(X509_get_version(certificate.get()) == 2);
    CHECK(verify(certificate.get(), certificate.get()) == X509_V_OK);
    CHECK(X509_check_purpose(certificate.get(), X509_PURPOSE_SSL_SERVER, 0) == 1);
  }
  const X509Ptr stranger = read_certificate(make_certificate(relay()));
  const X509Ptr other = read_certificate(make_certificate(relay()));
  CHECK(verify(stranger.get(), other.get()) != X509_V_OK);
}

TEST_CASE("a certificate is for its names and addresses, and for no other") {
  const X509Ptr certificate = read_certificate(make_certificate(relay()));
  for (const char* name : {"localhost", "relay", "moq-relay", "RELAY"})
    CHECK(X509_check_host(certificate.get(), name, 0, 0, nullptr) == 1);
  CHECK(X509_check_host(certificate.get(), "other", 0, 0, nullptr) == 0);
  CHECK(X509_check_ip_asc(certificate.get(), "127.0.0.1", 0) == 1);
  CHECK(X509_check_ip_asc(certificate.get(), "::1", 0) == 1);
  CHECK(X509_check_ip_asc(certificate.get(), "127.0.0.2", 0) == 0);
  char common_name[80] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, common_name, sizeof common_name);
  CHECK(std::string(common_name) == "localhost");
}

TEST_CASE("a certificate is valid for as long as was asked, and already now") {
  CertificateWish wish = relay();
  for (const int days : {1, 10, 14}) {
    wish.days = days;
    const X509Ptr certificate = read_certificate(make_certificate(wish));
    int whole_days = 0;
    int seconds = 0;
    REQUIRE(ASN1_TIME_diff(&whole_days, &seconds, X509_get0_notBefore(certificate.get()), X509_get0_notAfter(certificate.get())) == 1);
    CHECK(whole_days == days);
    CHECK(seconds == 0);
    CHECK(X509_cmp_current_time(X509_get0_notBefore(certificate.get())) < 0);
    CHECK(X509_cmp_current_time(X509_get0_notAfter(certificate.get())) > 0);
  }
}

TEST_CASE("serial numbers are positive and differ") {
  const X509Ptr one = read_certificate(make_certificate(relay()));
  const X509Ptr other = read_certificate(make_certificate(relay()));
  CHECK(ASN1_INTEGER_cmp(X509_get0_serialNumber(one.get()), X509_get0_serialNumber(other.get())) != 0);
  CHECK(X509_get0_serialNumber(one.get())->type == V_ASN1_INTEGER);  // a negative one has another type
}

TEST_CASE("what is no certificate's is refused with a sentence") {
  CertificateWish wish = relay();
  wish.key = "P-1";
  CHECK(refusal(wish) == "certificate-failed: cannot make a certificate: there is no key 'P-1' (P-256, P-384, Ed25519 or RSA-2048)");
  wish = relay();
  wish.names = {"relay", "two words"};
  CHECK(refusal(wish) == "certificate-failed: cannot make a certificate: 'two words' is neither a DNS name nor an IP address");
  wish.names.clear();
  CHECK(refusal(wish) == "certificate-failed: cannot make a certificate: it is for no name");
  wish = relay();
  wish.days = 0;
  CHECK(refusal(wish) == "certificate-failed: cannot make a certificate: it would be valid for 0 days");
  wish = relay();
  wish.names.insert(wish.names.begin(), std::string(60, 'a') + ".example");
  CHECK(refusal(wish).empty());  // too long for a common name
}
