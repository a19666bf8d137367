// One fault mostly breaks many cells: told once, with how many it broke, it leaves room for the others.
#pragma once

#include <cstddef>
#include <vector>

#include "model/record.hpp"

namespace interoper {

struct FailureKind {
  const CellRecord* first = nullptr;  // of those that were given
  std::size_t cells = 0;              // the first among them
};

enum class Across { tests, one_test };

// Of one kind are cells with one verdict, reason, blamed role and implementation, and one message but for what is quoted or counted in it;
// with Across::one_test also of one test. In the order of their first cells, which must outlive the answer. The page of `inspect` groups by
// the same rule (src/inspector/page/matrix.tsx).
std::vector<FailureKind> failure_kinds(const std::vector<const CellRecord*>& cells, Across across);

}  // namespace interoper
