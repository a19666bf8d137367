#include "suites/download.hpp"

#include <curl/curl.h>

#include <array>
#include <cctype>
#include <memory>

#include "base/problem.hpp"

namespace interoper {
namespace {

constexpr long connect_seconds = 20;   // a host that is not there says nothing
constexpr long slowest_bytes = 100;    // a second; less than this …
constexpr long slowest_seconds = 30;   // … for so long is a connection that hangs
constexpr long longest_seconds = 300;  // whoever needs more has something else than tests there
constexpr long most_redirects = 10;
constexpr long good_status = 200;

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

struct Body {
  std::string bytes;
  std::size_t limit_bytes;
  bool too_large = false;
};

std::size_t take(char* data, std::size_t size, std::size_t count, void* into) {
  Body& body = *static_cast<Body*>(into);
  body.too_large = body.bytes.size() + size * count > body.limit_bytes;
  if (body.too_large) return 0;
  body.bytes.append(data, size * count);
  return size * count;
}

std::string lower_first(std::string text) {
  // "SSL certificate problem" stays as it is.
  const bool word = text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0;
  if (word) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

[[noreturn]] void fail(const std::string& url, const std::string& why, const std::string& advice) {
  throw WorldError("fetch-failed", "cannot fetch " + without_password(url) + ": " + why + "; " + advice);
}

std::string advice_for(long status) {
  if (status == 401 || status == 403)
    return "the server wants a login that it was not given; download it yourself and name the file with --from";
  if (status >= 500) return "the server is in trouble, try again later";
  return "check the address";
}

}  // namespace

std::string without_password(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const std::size_t host = scheme + 3;
  const std::size_t path = url.find_first_of("/?#", host);
  const std::size_t at = url.substr(0, path).rfind('@');
  const std::size_t colon = url.find(':', host);
  if (at == std::string::npos || at < host || colon > at) return url;
  return url.substr(0, colon) + ":***" + url.substr(at);
}

std::string download(const std::string& url, std::size_t limit_bytes) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const Handle handle(ready == CURLE_OK ? curl_easy_init() : nullptr, curl_easy_cleanup);
  if (!handle) fail(url, "libcurl does not start", "check its installation");
  Body body{{}, limit_bytes};
  std::array<char, CURL_ERROR_SIZE> error{};
  CURL* curl = handle.get();
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, most_redirects);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, connect_seconds);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, slowest_bytes);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, slowest_seconds);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, longest_seconds);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "interoper");
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error.data());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
  const CURLcode result = curl_easy_perform(curl);
  if (body.too_large) fail(url, "it is larger than " + std::to_string(limit_bytes) + " bytes", "name an archive that holds tests");
  if (result != CURLE_OK) {
    const std::string why = error[0] != '\0' ? error.data() : curl_easy_strerror(result);
    fail(url, lower_first(why), "check the address and the network, or name a folder with --from");
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (status != good_status) fail(url, "the server answers with status " + std::to_string(status), advice_for(status));
  return std::move(body.bytes);
}

}  // namespace interoper
