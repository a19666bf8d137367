// Makes the images of implementations, for `tests build` and for what is under test, and tells the user how it goes.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/task.hpp"
#include "model/implementation.hpp"

namespace interoper {

namespace docker {
class Engine;
}

class ImageWorkshop {
 public:
  // `verbose`: every line of the engine's output goes to stderr; otherwise one line an image.
  ImageWorkshop(const Executor& executor, bool verbose);
  ~ImageWorkshop();

  // All images of one implementation. WorldError: the engine cannot be reached, "build-failed", "image-missing", "clone-failed".
  Task<> make(const Implementation& implementation);

  // Of all that was made: reference -> ID.
  const std::map<std::string, std::string>& ids() const { return ids_; }

  // Whatever waits for the engine gives up now.
  void hurry();

 private:
  Executor executor_;
  bool verbose_;
  std::map<std::string, std::string> ids_;
  std::unique_ptr<docker::Engine> engine_;
};

}  // namespace interoper
