// The MoQ interop runner's `implementations.json` -> its implementations, and which client can meet which relay where. Pure: looks at no
// image and no disk.
//
// A match is a client at one endpoint of a relay: its image, played here, or one of its remote endpoints. It has the parameter `endpoint`
// (`docker`, `remote-quic`, `remote-webtransport`; further ones of the same transport are `remote-quic-2`, …) and the labels
//   draft                     what they should negotiate: the greatest that both have
//   class                     `at`, `ahead` of or `behind` the target
//   transport                 `quic` or `webtransport`
//   relay.at                  `remote` at remote endpoints
//   relay.url                 where clients find the relay; absent when the suite's own default holds
//   relay.tls_disable_verify  `1` or `false`, at remote endpoints
// Order: all that are at the target, then ahead, then behind; in each the file's order, by client, then by relay, its image first.
#pragma once

#include <string>
#include <string_view>

#include "suites/foreign_registry.hpp"

namespace interoper {

// The target of a registry that names none.
constexpr std::string_view default_moq_target = "draft-16";

bool looks_like_moq_registry(std::string_view text);

// `wishes.target`: draft-NN.
ForeignRegistry read_moq_registry(std::string_view text, const std::string& shown_file, const RegistryWishes& wishes);

// `draft-` and a number.
bool is_draft_name(std::string_view text);

}  // namespace interoper
