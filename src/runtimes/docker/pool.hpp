// Pooled ground: slots that are made once and serve many attempts. A slot is a network and, for each role, a container that does nothing
// but hold a place in it (its address, its name, its resolver); the roles of an attempt join these places. That spares two thirds of what
// a container's start costs (runtime-floor §1, §2). Only the network is shared between attempts, one after the other: /shared, processes
// and file systems are each attempt's own.
#pragma once

#include <memory>

#include "runtimes/docker/ground.hpp"

namespace interoper::docker {

// Attempts that a slot cannot serve (the host's network, --isolation strict) are for the strict grounds.
bool fits_a_slot(const LabOrder& order);

// `workshop` must outlive it and what it hands out.
// Slots are never removed one by one at the end: the sweep by the run's labels takes them all.
// prepare throws WorldError("slot-failed") when the engine refuses a part of a slot: strict grounds may still do.
std::unique_ptr<Grounds> make_pooled_grounds(Workshop& workshop);

}  // namespace interoper::docker
