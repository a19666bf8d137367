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

// Of one kind are cells with one verdict, reason, blamed role and implementation, and one message but for what is quoted or counted in it
// (that of the first attempt that did not pass, where the cell has none); with Across::one_test also of one test. In the order of their
// first cells, which must outlive the answer.
std::vector<FailureKind> failure_kinds(const std::vector<const CellRecord*>& cells, Across across);

// For each of the cells the index of its kind in failure_kinds() of the same cells.
std::vector<std::size_t> kind_indices(const std::vector<const CellRecord*>& cells, Across across);

}  // namespace interoper
