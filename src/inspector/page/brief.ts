// One event as a short text: what it says beside its type, its role and the objects it speaks of.
import { Line } from "./source";
import { visible } from "./report";

const longest = 400;
const longestString = 48;

function value(of: unknown): string {
  if (typeof of === "string") return of.length > longestString ? of.slice(0, longestString / 2) + "…" + ` (${of.length})` : of;
  if (of && typeof of === "object") {
    const inner = Array.isArray(of) ? of.slice(0, 8).map(value) : Object.entries(of).slice(0, 12).map(([key, one]) => `${key}=${value(one)}`);
    return Array.isArray(of) ? `[${inner.join(", ")}]` : `{${inner.join(" ")}}`;
  }
  return String(of);
}

export function briefOf(line: Line): string {
  let event: any;
  try { event = JSON.parse(line.text); } catch { return visible(line.text.slice(0, longest)); }
  const inside = event.in;
  if (event.ty === "log" && typeof inside?.line === "string") return visible(inside.line.slice(0, longest));
  if (!inside || typeof inside !== "object") return "";
  const parts = Object.entries(inside).filter(([key]) => !/^(endpoint|exchange|channel|packet)_id$/.test(key));
  return visible(parts.map(([key, one]) => key === "packet" || parts.length === 1 && typeof one === "object" ? value(one).replace(/^\{|\}$/g, "") : `${key}=${value(one)}`)
    .join(" ").slice(0, longest));
}
