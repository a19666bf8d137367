#include "reporters/reporter.hpp"

namespace interoper {

std::string timeline_path(const std::string& cell_id, int attempt) { return "cells/" + cell_id + "/" + std::to_string(attempt) + ".jsonl"; }

std::string kept_shared_path(const std::string& cell_id, int attempt) {
  return "cells/" + cell_id + "/" + std::to_string(attempt) + "-shared";
}

}  // namespace interoper
