// One file over HTTP(S), into memory: for `tests update`.
#pragma once

#include <cstddef>
#include <string>

namespace interoper {

// The body that `url` (http or https) answers with, after redirects. WorldError("fetch-failed"), with a sentence that says what to do,
// when it cannot be had, is not answered with status 200, is larger than `limit_bytes`, or takes too long.
std::string download(const std::string& url, std::size_t limit_bytes);

// `url` without a password in it, for messages.
std::string without_password(const std::string& url);

}  // namespace interoper
