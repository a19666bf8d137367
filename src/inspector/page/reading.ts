// How the page comes by the facts of an attempt: a long timeline's beginning at once, all of it later, and not twice in a row.
import { useEffect, useRef, useState } from "preact/hooks";
import { Facts } from "./facts";
import type { Data } from "./page";
import { Attempt, Cell } from "./report";
import { readRoute } from "./route";
import { Source } from "./source";

// Read and drawn in some ten milliseconds, and more than a reader scrolls through until the rest is here. In whole pieces of lines.ts.
export const firstEvents = 80 * 256;

const keyOf = (cell: string, attempt: number) => `${cell} ${attempt}`;

// What was asked for before the report was here, because the address names it.
let asked: { key: string; bytes: Promise<ArrayBuffer> } | null = null;
// The last that was read whole: from a cell to its timeline is one step.
let kept: { key: string; facts: Facts } | null = null;

export function askEarly(source: Source): void {
  const [place, cell, attempt] = readRoute().path;
  if (place !== "cell" || !attempt) return;
  asked = { key: keyOf(cell, Number(attempt)), bytes: source.facts(cell, Number(attempt), firstEvents) };
  asked.bytes.catch(() => {});  // told to who awaits it
}

export interface Reading { facts: Facts | null; trouble: string }

// `partly`: the first events alone are of use.
export function useFacts(source: Source, data: Data, cell: Cell, attempt: Attempt, partly: boolean): Reading {
  const key = keyOf(cell.id, attempt.n);
  const [reading, setReading] = useState<Reading>({ facts: kept?.key === key ? kept.facts : null, trouble: "" });
  const rest = reading.facts?.part === true;
  const seen = useRef(data);
  useEffect(() => {
    // While a run goes on its report comes again and again, and each time its timelines may have grown.
    const grown = seen.current !== data && seen.current.about.origin !== "report";
    if (!grown && (reading.trouble || (reading.facts && !rest))) return;
    seen.current = data;
    let gone = false;
    const first = partly && !reading.facts ? firstEvents : undefined;
    const early = first && asked?.key === key ? asked.bytes : null;
    asked = null;
    (early ?? source.facts(cell.id, attempt.n, first)).then(bytes => {
      if (gone) return;
      const facts = new Facts(bytes, attempt.duration_ms * 1000);
      if (!facts.part && data.about.origin === "report") kept = { key, facts };
      setReading({ facts, trouble: "" });
    }).catch(error => { if (!gone) setReading({ facts: null, trouble: String(error.message ?? error) }); });
    return () => { gone = true; };
  }, [rest, data]);
  return reading;
}
