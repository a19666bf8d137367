// /shared of one attempt: a volume in memory, bounded and writable for everyone; a directory where the user keeps it, or where the engine
// makes no such volumes.
#pragma once

#include <filesystem>
#include <string>

#include "base/task.hpp"
#include "runtimes/docker/workshop.hpp"

namespace interoper::docker {

class SharedPlace {
 public:
  explicit SharedPlace(Workshop& workshop) : workshop_(workshop) {}

  // `name` is unique on the engine and in the temporary directory. WorldError("shared-failed") when there can be none.
  // Nothing is made for an order without /shared.
  Task<> make(const LabOrder& order, std::string name, Labels labels);
  void furnish(ContainerOrder& order) const;
  // After the attempt's containers are gone.
  Task<> remove();

 private:
  Task<> make_volume(Labels labels);

  Workshop& workshop_;
  std::string name_;
  bool has_volume_ = false;
  bool is_kept_ = false;
  std::filesystem::path directory_;
};

}  // namespace interoper::docker
