#include "engine/breaker.hpp"

#include <set>

namespace interoper {

void Breaker::ended(const std::vector<Casting>& cast, const std::string& blamed, bool passed, bool out_of_time) {
  std::set<std::string> players;  // one that plays two roles took part once
  for (const Casting& casting : cast)
    players.insert(casting.implementation);
  for (const std::string& player : players) {
    State& state = states_[player];
    state.passed = state.passed || passed;
    state.in_a_row = out_of_time && player == blamed ? state.in_a_row + 1 : 0;
  }
}

std::string Breaker::tripped(const std::vector<Casting>& cast) const {
  for (const Casting& casting : cast) {
    const auto found = states_.find(casting.implementation);
    if (found != states_.end() && !found->second.passed && found->second.in_a_row >= breaker_limit) return casting.implementation;
  }
  return {};
}

}  // namespace interoper
