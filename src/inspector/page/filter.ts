// Which events are shown: by role, type and object, as the address says. A million events are filtered in some ten milliseconds.
import { Facts } from "./facts";

export interface Shown {
  all: boolean;
  events: Uint32Array;      // positions, ascending
  lanes: Uint32Array[];     // the same for each role
}

export function shownBy(facts: Facts, query: URLSearchParams): Shown {
  const list = (key: string) => (query.get(key) ?? "").split(",").filter(Boolean);
  const hiddenRoles = new Set(list("norole"));
  const types = new Set(list("type"));
  const objects = list("object").map(Number).filter(object => object < facts.objectKind.length);
  const roleOn = facts.header.roles.map(role => role === "" || !hiddenRoles.has(role));
  const typeOn = facts.header.types.map(type => !types.size || types.has(type));
  let wanted: Uint8Array | null = null;
  if (objects.length) {
    wanted = new Uint8Array(facts.count);
    for (const object of objects) for (const event of facts.eventsOf(object)) wanted[event] = 1;
  }
  const events = new Uint32Array(facts.count);
  const counts = new Uint32Array(facts.header.roles.length);
  let n = 0;
  for (let event = 0; event < facts.count; ++event) {
    if (!roleOn[facts.role[event]] || !typeOn[facts.type[event]] || (wanted && !wanted[event])) continue;
    events[n++] = event;
    ++counts[facts.role[event]];
  }
  const lanes = facts.header.roles.map((_, role) => new Uint32Array(counts[role]));
  counts.fill(0);
  for (let i = 0; i < n; ++i) {
    const role = facts.role[events[i]];
    lanes[role][counts[role]++] = events[i];
  }
  return { all: n === facts.count, events: events.subarray(0, n), lanes };
}
