// One visitor made of several lambdas, one for each kind of a variant: a kind that none of them takes does not compile.
#pragma once

namespace interoper {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

}  // namespace interoper
