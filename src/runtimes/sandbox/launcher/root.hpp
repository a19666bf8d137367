// The file system that every role sees: the host's, read-only, with places of its own where programs write. Made once for a run; slots and
// roles inherit copies of it with their mount namespaces.
#pragma once

#include <string>
#include <string_view>

#include "runtimes/sandbox/launcher/fault.hpp"
#include "runtimes/sandbox/parcel.hpp"

namespace interoper::sandbox {

// In a mount namespace of our own: puts the file system together and makes it this process's root.
// `privileged`: in the host's user namespace, where device nodes can be made.
Fault build_root(bool privileged);

// The resolv.conf of roles that may reach the outside: where a user-mode network (slirp4netns) answers questions for names.
constexpr std::string_view outside_resolver = "nameserver 10.0.2.3\n";

// What a role must not share with others, in a mount namespace of its own. `resolver_file` (World) gets outside_resolver.
Fault furnish_role(bool privileged, const RoleOrder& order, const std::string& resolver_file);

}  // namespace interoper::sandbox
