// The page and a recorded run as one HTML file, which opens from disk and asks nobody for anything.
#pragma once

#include <cstddef>
#include <string>

#include "inspector/site.hpp"

namespace interoper {

// Timelines are put in as long as they fit, those that did not pass first; the page says which are left out. The report itself is
// always whole. With 5,280 cells a file then has less than 5 MB, which mail and chat take.
constexpr std::size_t single_file_timeline_bytes = std::size_t{4} * 1000 * 1000;

// Same recording, same bytes. WorldError("no-page") when this interoper has no page.
std::string single_file(Site& site, std::size_t timeline_bytes = single_file_timeline_bytes);

}  // namespace interoper
