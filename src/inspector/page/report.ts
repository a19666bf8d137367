// The report as it stands in report.json (reports/README.md), as far as the page reads it. Its content is not trusted: texts are only
// ever put into the page as text.

// `running` and `waiting` are the page's own words, while a run goes on.
export type Verdict = "passed" | "failed" | "unsupported" | "skipped" | "error" | "aborted" | "running" | "waiting";

// Worst first: the order in which a reader wants them.
export const verdicts: Verdict[] = ["failed", "error", "aborted", "skipped", "unsupported", "passed", "running", "waiting"];

// The same shapes as in the terminal: colours are not needed to tell verdicts apart.
export const glyphs: Record<Verdict, string> = { passed: "✔", failed: "✘", unsupported: "○", skipped: "–", error: "!", aborted: "■", running: "▸", waiting: "·" };

export interface Blame { role: string; implementation: string; attempt: number; seq: number }
export interface Condition { text: string; held: boolean; seq: number | null }
export interface Finding { role: string; kind: string; message: string; seq: number }
export interface Result { name: string; verdict: Verdict; reason: string; message: string; duration_ms: number | null; seq: number }
export interface Measurement { name: string; value: unknown; unit: string; role: string; seq: number }
export interface Exit { code: number; signal: number | null; oom: boolean }

export interface Attempt {
  n: number; repetition: number; verdict: Verdict; reason: string; message: string; blame: Blame | null;
  started: string; duration_ms: number; events: number; log: string;
  roles: Record<string, { exit: Exit | null; image: string }>;
  results: Result[]; measurements: Measurement[]; conditions: Condition[]; findings: Finding[]; findings_left_out?: number;
}

export interface Cell {
  id: string; test: string; roles: Record<string, string>; params: Record<string, string>; labels: Record<string, string>;
  verdict: Verdict; reason: string; message: string; blame: Blame | null; flaky: boolean; duration_ms: number; attempts: Attempt[];
}

export interface Absent { test: string; roles: Record<string, string>; reason: string }

export interface Test { title: string; timeout_ms: number; file: string; header: Record<string, unknown>; description: string }

export interface Report {
  run: { id: string; started: string; finished: string | null; duration_ms: number; command: string[]; version: string; runtime: string;
         host: Record<string, string>; exit_code: number; suite: { name: string; source: string; description: Record<string, unknown> } };
  implementations: Record<string, { version: string; roles: Record<string, Record<string, string>> }>;
  tests: Record<string, Test>;
  cells: Cell[];
  absent: Absent[];
  summary: Record<string, number>;
}

export interface About {
  folder: string; origin: "report" | "plan" | "timelines"; problems: string[]; descriptions: Record<string, string>;
  again: Record<string, string>; alike: Record<string, number>; left_out: string; goes_on: boolean;
}

// What has no verdict yet is recorded as it would be if the run were killed now.
export function whileItGoesOn(report: Report): Report {
  const open = <T extends Cell | Attempt>(one: T, verdict: Verdict): T => one.reason === "unfinished" ? { ...one, verdict, reason: "", message: "", blame: null } : one;
  const cells = report.cells.map(cell => ({ ...open(cell, cell.attempts.length ? "running" : "waiting"), attempts: cell.attempts.map(one => open(one, "running")) }));
  return { ...report, cells };
}

export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return "?";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  return minutes < 60 ? `${minutes} m ${Math.round(ms / 1000) % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
}

// A moment of a timeline: as many digits as the distance between neighbours needs.
export function clock(us: number, step_us = 1000): string {
  const digits = step_us >= 1_000_000 ? 0 : step_us >= 1000 ? 3 : 6;
  const sign = us < 0 ? "-" : "";
  const seconds = Math.abs(us) / 1e6;
  if (seconds < 60) return sign + seconds.toFixed(digits);
  const whole = Math.floor(seconds / 60);
  const rest = (seconds - whole * 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return sign + (whole < 60 ? `${whole}:${rest}` : `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}:${rest}`);
}

export function span(us: number): string {
  const size = Math.abs(us);
  if (size < 1000) return `${Math.round(us)} µs`;
  if (size < 1e6) return `${(us / 1000).toFixed(size < 1e4 ? 2 : 1)} ms`;
  return size < 6e7 ? `${(us / 1e6).toFixed(2)} s` : duration(us / 1000);
}

// What stands before a reader, whatever a process sent: colours are dropped, other control characters are shown.
export function visible(text: string): string {
  return text.replace(/\u001b\[[0-9;]*m/g, "").replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, c =>
    c === "\u007f" ? "␡" : String.fromCharCode(0x2400 + c.charCodeAt(0))).replace(/[\u202a-\u202e\u2066-\u2069]/g, "�");
}
