// What the parts of Engine share to read the engine's JSON. For the .cpp files of this folder, which include
// nlohmann/json themselves.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "runtimes/docker/engine.hpp"

namespace interoper::docker {

using Json = nlohmann::json;

// WorldError when it is no JSON. A missing or mistyped member reads as empty, 0 or false: engines differ in what they leave out.
Json parse_answer(const std::string& text);
std::string text_at(const Json& object, const char* key);
Labels labels_at(const Json& object, const char* key);
std::vector<std::string> words_at(const Json& object, const char* key);  // an array's strings; empty when there is none
std::int64_t number_at(const Json& object, const char* key);
bool flag_at(const Json& object, const char* key);

// The engine's own words in an error's body.
std::string message_of(const std::string& body);

}  // namespace interoper::docker
