// The facts of a timeline (docs/inspector.md): columns over all events, mapped and not read. Events are named by their position.
// What the page asks often is indexed once here; nothing in this file looks at an event's text.

export const none = 0xffffffff;
const duplicateFlag = 1;
const reorderedFlag = 2;

export interface PacketCount { rule: number; from: number; sent: number; arrived: number; lost: number; duplicated: number; reordered: number;
                               unknown: number; words: string }

interface Header { events: number; part: boolean; faulty: number; trouble: string; roles: string[]; types: string[]; kinds: string[]; rules: string[];
                   names: Record<string, string>; packets: PacketCount[]; columns: Record<string, { type: string; at: number; length: number }> }

export interface Arrow { sent: number; received: number; rule: number; duplicate: boolean; reordered: boolean }
export type Fate = "lost" | "duplicate" | "reordered" | "unknown" | "arrived";

// How much an event wants to be seen.
export type Tone = "log" | "life" | "plain" | "good" | "bad";

export class Facts {
  readonly count: number;
  readonly header: Header;
  readonly us: Float64Array;
  readonly role: Uint8Array;
  readonly type: Uint16Array;
  readonly refsBegin: Uint32Array;
  readonly refs: Uint32Array;
  readonly objectKind: Uint8Array;
  readonly objectRole: Uint8Array;
  readonly objectId: Float64Array;
  readonly objectParent: Uint32Array;
  readonly arrowSent: Uint32Array;
  readonly arrowReceived: Uint32Array;
  readonly arrowRule: Uint8Array;
  readonly arrowFlags: Uint8Array;
  readonly lost: Uint32Array;
  readonly unknown: Uint32Array;
  readonly tones: Tone[];
  private letters: string[];
  private seq: Float64Array | null;
  private byReceived = new Uint32Array();
  private receivedBegin: Uint32Array | null = null;

  // `lasts_us`: how long the attempt took, for who sees its first part only.
  constructor(bytes: ArrayBuffer, private lasts_us = 0) {
    const text = new Uint8Array(bytes);
    if (String.fromCharCode(...text.slice(0, 4)) !== "IOF1") throw new Error("these are no facts of a timeline");
    const length = new DataView(bytes).getUint32(4, true);
    this.header = JSON.parse(new TextDecoder().decode(text.subarray(8, 8 + length)));
    this.count = this.header.events;
    const base = 8 + length;
    const column = (name: string): any => {
      const { type, at, length: size } = this.header.columns[name] ?? { type: "u8", at: 0, length: 0 };
      const kind: any = { f64: Float64Array, u32: Uint32Array, u16: Uint16Array, u8: Uint8Array }[type];
      return new kind(bytes, base + at, size);
    };
    this.us = column("us");
    this.role = column("role");
    this.type = column("type");
    this.seq = this.header.columns.seq ? column("seq") : null;
    this.refsBegin = column("refs_begin");
    this.refs = column("refs");
    this.objectKind = column("object_kind");
    this.objectRole = column("object_role");
    this.objectId = column("object_id");
    this.objectParent = column("object_parent");
    this.arrowSent = column("arrow_sent");
    this.arrowReceived = column("arrow_received");
    this.arrowRule = column("arrow_rule");
    this.arrowFlags = column("arrow_flags");
    this.lost = column("lost");
    this.unknown = column("unknown");
    this.tones = this.header.types.map(toneOf);
    // For each kind a letter of its own: endpoint E, exchange X, channel C, packet P.
    this.letters = [];
    for (const kind of this.header.kinds) {
      const letters = [...kind.toUpperCase()];
      this.letters.push(letters.find(letter => !this.letters.includes(letter)) ?? letters[0] ?? "?");
    }
  }

  // Only the first events are here: nothing can be said of what is not seen among them.
  get part(): boolean { return this.header.part; }
  get end(): number {
    const last = this.count ? this.us[this.count - 1] : 0;
    return this.part ? Math.max(last, this.lasts_us) : last;
  }
  typeOf(event: number): string { return this.header.types[this.type[event]]; }
  roleOf(event: number): string { return this.header.roles[this.role[event]]; }
  toneOf(event: number): Tone { return this.tones[this.type[event]]; }
  seqOf(event: number): number { return this.seq ? this.seq[event] : event; }
  eventOf(seq: number): number { return this.seq ? this.seq.indexOf(seq) : seq < this.count ? seq : -1; }

  arrow(index: number): Arrow {
    const flags = this.arrowFlags[index];
    return { sent: this.arrowSent[index], received: this.arrowReceived[index], rule: this.arrowRule[index],
             duplicate: (flags & duplicateFlag) !== 0, reordered: (flags & reorderedFlag) !== 0 };
  }

  // Arrows that begin or end at this event.
  arrowsAt(event: number): Arrow[] {
    const arrows: Arrow[] = [];
    for (let i = lowerBound(this.arrowSent, event); i < this.arrowSent.length && this.arrowSent[i] === event; ++i) arrows.push(this.arrow(i));
    if (!this.receivedBegin) this.indexReceived();
    for (let i = this.receivedBegin![event]; i < this.receivedBegin![event + 1]; ++i) arrows.push(this.arrow(this.byReceived[i]));
    return arrows;
  }
  // For each event where its arrivals begin in `byReceived`: counted, not sorted.
  private indexReceived(): void {
    const begin = new Uint32Array(this.count + 2);
    for (const event of this.arrowReceived) ++begin[event + 2];
    for (let event = 2; event < begin.length; ++event) begin[event] += begin[event - 1];
    this.byReceived = new Uint32Array(this.arrowReceived.length);
    for (let arrow = 0; arrow < this.arrowReceived.length; ++arrow) this.byReceived[begin[this.arrowReceived[arrow] + 1]++] = arrow;
    this.receivedBegin = begin;
  }
  isLost(event: number): boolean { return this.lost[lowerBound(this.lost, event)] === event; }
  isUnknown(event: number): boolean { return this.unknown[lowerBound(this.unknown, event)] === event; }

  objectsOf(event: number): number[] { return [...this.refs.subarray(this.refsBegin[event], this.refsBegin[event + 1])]; }
  // The object and all around it, outermost first.
  chain(object: number): number[] {
    const chain: number[] = [];
    for (let at = object; at !== none && chain.length < 16 && !chain.includes(at); at = this.objectParent[at]) chain.unshift(at);
    return chain;
  }
  // All that the event speaks of, with what lies around it, outermost first.
  around(event: number): number[] {
    const all = new Set(this.objectsOf(event).flatMap(object => this.chain(object)));
    return [...all].sort((a, b) => this.objectKind[a] - this.objectKind[b] || a - b);
  }
  kindOf(object: number): string { return this.header.kinds[this.objectKind[object]]; }
  nameOf(object: number): string { return this.header.names[object] ?? ""; }
  short(object: number): string { return this.letters[this.objectKind[object]] + this.objectId[object]; }

  // The events that speak of the object or of one inside it, in order.
  eventsOf(object: number, inside = true): number[] {
    const wanted = new Uint8Array(this.objectKind.length);
    wanted[object] = 1;
    if (inside) {
      for (let other = 0; other < wanted.length; ++other) {
        for (let at = other, steps = 0; at !== none && steps < 16; at = this.objectParent[at], ++steps) if (at === object) wanted[other] = 1;
      }
    }
    const events: number[] = [];
    for (let event = 0; event < this.count; ++event) {
      for (let i = this.refsBegin[event]; i < this.refsBegin[event + 1]; ++i) {
        if (wanted[this.refs[i]]) { events.push(event); break; }
      }
    }
    return events;
  }

  // What the object is in other roles: reached by an arrow between events of both, or by having the same name.
  counterparts(object: number): number[] {
    const found = new Map<number, number>();
    const kind = this.objectKind[object];
    for (const event of this.eventsOf(object).slice(0, 2000)) {
      for (const arrow of this.arrowsAt(event)) {
        const other = arrow.sent === event ? arrow.received : arrow.sent;
        for (const there of this.around(other)) {
          if (this.objectKind[there] === kind && this.objectRole[there] !== this.objectRole[object]) found.set(there, (found.get(there) ?? 0) + 1);
        }
      }
    }
    const best = [...found].sort((a, b) => b[1] - a[1]).slice(0, 4).map(([other]) => other);
    const name = this.nameOf(object);
    if (name.length >= 8) {
      for (const key of Object.keys(this.header.names)) {
        const other = Number(key);
        if (this.header.names[key] === name && this.objectRole[other] !== this.objectRole[object] && !best.includes(other)) best.push(other);
      }
    }
    return best.slice(0, 8);
  }
}

function toneOf(type: string): Tone {
  if (type === "log") return "log";
  if (/^(exec|started|ready|stopping|exited|status|done|interrupted)$/.test(type)) return "life";
  if (/(\.error|\.drop|^timeout$|^trouble$)/.test(type)) return "bad";
  if (type === "assert" || type === "result") return "good";
  return "plain";
}

// The first position whose value is not below `value`.
export function lowerBound(values: ArrayLike<number>, value: number, low = 0, high = values.length): number {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < value) low = middle + 1; else high = middle;
  }
  return low;
}
