// The matrix: for each test a table, rows play the first role, columns the second. Filters dim what they exclude, so that every cell
// keeps its place.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Data } from "./page";
import { Absent, Cell, Verdict, duration, glyphs, verdicts, visible } from "./report";
import { address, setQuery } from "./route";

// More columns than this get glyphs only.
const mostWordColumns = 6;
// Of what went wrong: kinds in sight at first, kinds at most, cells of one kind at most. The matrix has them all.
const mostListed = 5;
const mostKinds = 50;
const mostAlike = 50;
const mostReasons = 100;
// The test of an absence that holds for all of them (reports/README.md).
const everyTest = "*";

interface Table { test: string; params: string; rowRole: string; columnRole: string; rows: string[]; columns: string[];
                  cells: Map<string, Cell[]>; absent: Map<string, Absent>; all: Cell[] }

const place = (row: string, column: string) => row + "\n" + column;

// In the order of the keys' first coming.
function grouped<T>(all: T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const known = groups.get(key);
    if (known) known.push(one); else groups.set(key, [one]);
  }
  return groups;
}

function paramsOf(cell: Cell): string {
  return Object.entries(cell.params).map(([name, value]) => `${name}=${value}`).join(" ");
}

function tablesOf(data: Data): Table[] {
  const tables = new Map<string, Table>();
  const order = Object.keys(data.report.implementations);
  const sorted = (names: Iterable<string>) => [...new Set(names)].sort((a, b) => {
    const [i, j] = [order.indexOf(a), order.indexOf(b)];
    return i === j ? (a < b ? -1 : 1) : (i < 0 ? 1e9 : i) - (j < 0 ? 1e9 : j);
  });
  for (const cell of data.report.cells) {
    const roles = Object.keys(cell.roles);
    const others = roles.slice(2).map(role => `${role}=${cell.roles[role]}`).join(" ");
    const params = [paramsOf(cell), others].filter(Boolean).join(" ");
    const key = cell.test + "\n" + params;
    let table = tables.get(key);
    if (!table) {
      table = { test: cell.test, params, rowRole: roles[0] ?? "", columnRole: roles[1] ?? "", rows: [], columns: [],
                cells: new Map(), absent: new Map(), all: [] };
      tables.set(key, table);
    }
    const at = place(cell.roles[table.rowRole] ?? "", cell.roles[table.columnRole] ?? "");
    const there = table.cells.get(at);
    if (there) there.push(cell);
    else table.cells.set(at, [cell]);
    table.all.push(cell);
  }
  const among = (table: Table, role: string) => new Set(table.all.map(cell => cell.roles[role]));
  const players = [...tables.values()].map(table => ({ table, rows: among(table, table.rowRole), columns: among(table, table.columnRole) }));
  for (const absent of data.report.absent) {
    if (absent.test === everyTest) {
      // In a table of those that can play; who cannot at all is no row of it. Absences tells of all.
      for (const { table, rows, columns } of players) {
        const [row, column] = [absent.roles[table.rowRole], absent.roles[table.columnRole]];
        const at = place(row ?? "", column ?? "");
        if (!table.cells.has(at) && rows.has(row) && columns.has(column)) table.absent.set(at, absent);
      }
      continue;
    }
    const known = [...tables.values()].filter(table => table.test === absent.test);
    if (!known.length) {
      const roles = Object.keys(absent.roles);
      const table = { test: absent.test, params: "", rowRole: roles[0] ?? "", columnRole: roles[1] ?? "", rows: [], columns: [],
                      cells: new Map(), absent: new Map(), all: [] };
      tables.set(absent.test + "\n", table);
      known.push(table);
    }
    for (const table of known) {
      const at = place(absent.roles[table.rowRole] ?? "", absent.roles[table.columnRole] ?? "");
      if (!table.cells.has(at)) table.absent.set(at, absent);
    }
  }
  for (const table of tables.values()) {
    const placed = [...table.absent].filter(([, absent]) => Object.keys(absent.roles).length).map(([at]) => at);
    const places = [...table.cells.keys(), ...placed].map(at => at.split("\n"));
    table.rows = sorted(places.map(([row]) => row));
    table.columns = sorted(places.map(([, column]) => column));
  }
  return [...tables.values()];
}

function countWords(cells: Cell[]): string {
  const counts = verdicts.map(verdict => [cells.filter(cell => cell.verdict === verdict).length, verdict] as const).filter(([n]) => n);
  if (counts.length === 1 && counts[0][1] === "passed") return `all ${cells.length} passed`;
  return counts.map(([n, verdict]) => `${n} ${verdict}`).join(", ");
}

interface Filters { words: string; test: string; impl: string; verdicts: Set<string> }

function filtersOf(query: URLSearchParams): Filters {
  return { words: (query.get("q") ?? "").toLowerCase(), test: query.get("test") ?? "", impl: query.get("impl") ?? "",
           verdicts: new Set((query.get("verdict") ?? "").split(",").filter(Boolean)) };
}

function fits(cell: Cell, filters: Filters): boolean {
  if (filters.test && cell.test !== filters.test) return false;
  if (filters.impl && !Object.values(cell.roles).includes(filters.impl)) return false;
  if (filters.verdicts.size && !filters.verdicts.has(cell.verdict) && !(cell.flaky && filters.verdicts.has("flaky"))) return false;
  if (!filters.words) return true;
  return [cell.id, cell.verdict, cell.reason, cell.message, ...Object.values(cell.labels)].some(text => text.toLowerCase().includes(filters.words));
}

// Where a cell is a run of many tests: how many of them worked. Counted as on the terminal (src/reporters/told.hpp): a test that was reported
// twice is one, and what was not reported or not played is one that did not work.
function countOf(cell: Cell): string {
  if (cell.verdict !== "passed" && cell.verdict !== "failed") return "";
  const attempt = cell.attempts.find(one => one.n === cell.blame?.attempt) ?? [...cell.attempts].reverse().find(one => one.verdict === cell.verdict);
  const worked = new Map<string, boolean>();
  for (const { name, verdict } of attempt?.results ?? []) worked.set(name, worked.has(name) ? worked.get(name) === true && verdict !== "failed" : verdict === "passed");
  return worked.size < 2 ? "" : ` ${[...worked.values()].filter(Boolean).length}/${worked.size}`;
}

function Glyph({ cell, words }: { cell: Cell; words: boolean }) {
  return <><i aria-hidden="true">{glyphs[cell.verdict]}</i>{words ? ` ${cell.verdict}${countOf(cell)}` : ""}{cell.flaky ? <sup title="flaky">~</sup> : null}</>;
}

function CellLink({ cell, words, dim }: { cell: Cell; words: boolean; dim: boolean }) {
  const said = `${cell.verdict}${cell.flaky ? ", flaky" : ""}: ${cell.id}${cell.reason ? `, ${cell.reason}` : ""}`;
  return <a class={`mark ${cell.verdict}${dim ? " dim" : ""}`} href={address(["cell", cell.id])} data-cell={cell.id} aria-label={visible(said)}>
    <Glyph cell={cell} words={words} />
  </a>;
}

function TableOf({ table, filters, title }: { table: Table; filters: Filters; title: string }) {
  const words = table.columns.length <= mostWordColumns;
  return <section class={"test" + (words ? "" : " dense")} style={{ "--columns": table.columns.length }}>
    <h2><span>{visible(table.test)}</span> {table.params ? <small>{visible(table.params)}</small> : null}</h2>
    <p class="quiet">{title && title !== table.test ? visible(title) + " — " : ""}{countWords(table.all) || "not run"}</p>
    {[...table.absent.values()].filter(one => !Object.keys(one.roles).length).map(one => <p class="quiet">absent: {visible(one.reason)}</p>)}
    {table.rows.length ? <div class="scroll" tabIndex={-1}>
      <table>
        <thead><tr>
          <th class="corner"><span>{table.rowRole} ↓&nbsp; {table.columnRole} →</span></th>
          {table.columns.map(column => <th scope="col" title={column}><span>{visible(column) || "–"}</span></th>)}
        </tr></thead>
        <tbody>{table.rows.map(row => <tr key={row}>
          <th scope="row" title={row}>{visible(row) || "–"}</th>
          {table.columns.map(column => {
            const at = place(row, column);
            const cells = table.cells.get(at);
            const absent = table.absent.get(at);
            return <td key={column}>{cells ? cells.map(cell => <CellLink cell={cell} words={words} dim={!fits(cell, filters)} />)
              : absent ? <span class="absent" tabIndex={0} data-absent={absent.reason} aria-label={`absent: ${visible(absent.reason)}`}>·</span> : null}</td>;
          })}
        </tr>)}</tbody>
      </table>
    </div> : null}
  </section>;
}

// What is under the pointer or has the focus, in words.
function Tip({ data }: { data: Data }) {
  const [shown, setShown] = useState<{ x: number; y: number; cell?: Cell; absent?: string } | null>(null);
  const cells = useMemo(() => new Map(data.report.cells.map(cell => [cell.id, cell])), [data]);
  useEffect(() => {
    const show = (event: Event) => {
      const element = (event.target as Element | null)?.closest?.("[data-cell],[data-absent]") as HTMLElement | null;
      if (!element) { setShown(null); return; }
      const box = element.getBoundingClientRect();
      setShown({ x: box.left + box.width / 2, y: box.bottom, cell: cells.get(element.dataset.cell ?? ""), absent: element.dataset.absent });
    };
    const hide = () => setShown(null);
    addEventListener("mouseover", show);
    addEventListener("focusin", show);
    addEventListener("scroll", hide, true);
    return () => { removeEventListener("mouseover", show); removeEventListener("focusin", show); removeEventListener("scroll", hide, true); };
  }, [cells]);
  if (!shown || (!shown.cell && shown.absent === undefined)) return null;
  const { cell } = shown;
  const width = Math.min(420, innerWidth - 16);
  const below = shown.y + 150 < innerHeight;
  const style = { width: `${width}px`, left: `${Math.max(8, Math.min(innerWidth - width - 8, shown.x - width / 2))}px`,
                  ...(below ? { top: `${shown.y + 6}px` } : { bottom: `${innerHeight - shown.y + 34}px` }) };
  return <div class="tip" role="tooltip" style={style}>
    {cell ? <>
      <b class={cell.verdict}>{glyphs[cell.verdict]} {cell.verdict}{cell.flaky ? ", flaky" : ""}</b>
      {cell.reason ? <span> {visible(cell.reason)}</span> : null}<span class="quiet"> · {duration(cell.duration_ms)}</span>
      <div class="quiet">{Object.entries(cell.roles).map(([role, name]) => `${role} ${name}`).map(visible).join(" · ")}</div>
      {cell.message ? <div class="message">{visible(cell.message).slice(0, 500)}</div> : null}
    </> : <><b>absent</b> <span>{visible(shown.absent ?? "")}</span></>}
  </div>;
}

// Why some never meet: each reason once, with those that it keeps apart.
function Absences({ all }: { all: Absent[] }) {
  const reasons = useMemo(() => {
    return [...grouped(all, one => one.reason)].sort(([, one], [, other]) => other.length - one.length);
  }, [all]);
  if (!all.length) return null;
  const cast = (one: Absent) => [one.test === everyTest ? "" : one.test, ...Object.entries(one.roles).map(([role, name]) => `${role} ${name}`)].filter(Boolean).join(" · ");
  return <details class="absences" id="absences"><summary>{all.length.toLocaleString("en")} absent, and why</summary>
    <ul>{reasons.slice(0, mostReasons).map(([reason, those]) => <li key={reason}><details>
      <summary>{visible(reason)} <span class="quiet">{those.length.toLocaleString("en")}</span></summary>
      <ul>{those.slice(0, mostReasons).map(one => <li class="quiet">{visible(cast(one)) || "every cast"}</li>)}</ul>
      {those.length > mostReasons ? <p class="quiet">… and {(those.length - mostReasons).toLocaleString("en")} more</p> : null}
    </details></li>)}</ul>
    {reasons.length > mostReasons ? <p class="quiet">… and {(reasons.length - mostReasons).toLocaleString("en")} other reasons</p> : null}
  </details>;
}

function showAbsences() {
  const absences = document.getElementById("absences") as HTMLDetailsElement | null;
  if (!absences) return;
  absences.open = true;
  absences.scrollIntoView();
}

const messageOf = (cell: Cell) => cell.message || cell.attempts.find(one => one.verdict !== "passed")?.message || "";

function Trouble({ cell }: { cell: Cell }) {
  return <a href={address(["cell", cell.id])}>
    <b class={cell.verdict}>{glyphs[cell.verdict]} {cell.flaky && cell.verdict === "passed" ? "flaky" : cell.verdict}</b>
    <span class="id">{visible(cell.id)}</span>
    <span class="reason">{visible(cell.reason)}{cell.blame ? <i> {visible(cell.blame.implementation)}</i> : null}</span>
    <span class="message">{visible(messageOf(cell)).slice(0, 300)}</span>
  </a>;
}

function Kind({ cells }: { cells: Cell[] }) {
  const [open, setOpen] = useState(false);
  const rest = cells.slice(1);
  return <li>
    <Trouble cell={cells[0]!} />
    {rest.length ? <button class="link like" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? "▾" : "▸"} {rest.length.toLocaleString("en")} more like it</button> : null}
    {open ? rest.slice(0, mostAlike).map(cell => <Trouble key={cell.id} cell={cell} />) : null}
    {open && rest.length > mostAlike ? <p class="quiet">… and {(rest.length - mostAlike).toLocaleString("en")}, which the matrix shows</p> : null}
  </li>;
}

// What a reader came for, with its reason, before any click; and short, so that the matrix beneath is in sight.
function Troubles({ cells, data }: { cells: Cell[]; data: Data }) {
  const [all, setAll] = useState(false);
  const kinds = useMemo(() => {
    const rank = (cell: Cell) => verdicts.indexOf(cell.verdict);
    const troubled = cells.filter(cell => ["failed", "error", "aborted"].includes(cell.verdict) || cell.flaky).sort((a, b) => rank(a) - rank(b));
    return [...grouped(troubled, cell => String(data.about.alike[cell.id] ?? cell.id)).values()];
  }, [cells, data]);
  if (!kinds.length) return null;
  return <section class="troubles">
    <h2>What went wrong</h2>
    <ul>{kinds.slice(0, all ? mostKinds : mostListed).map(kind => <Kind key={kind[0]!.id} cells={kind} />)}</ul>
    {kinds.length > mostListed && !all ? <button class="link" onClick={() => setAll(true)}>and {(kinds.length - mostListed).toLocaleString("en")} other kinds</button> : null}
    {all && kinds.length > mostKinds ? <p class="quiet">… and {(kinds.length - mostKinds).toLocaleString("en")} other kinds, which the matrix shows</p> : null}
  </section>;
}

export function Matrix({ data, query }: { data: Data; query: URLSearchParams }) {
  const tables = useMemo(() => tablesOf(data), [data]);
  const filters = filtersOf(query);
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = `interoper: ${data.report.run.id}`;
    const keys = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
      if (event.key === "/" && !typing) { event.preventDefault(); search.current?.focus(); }
      if (event.key === "Escape" && typing) (event.target as HTMLElement).blur();
      const move: Record<string, [number, number]> = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
      const step = move[event.key];
      const from = (document.activeElement as HTMLElement | null)?.closest?.("td");
      if (!step || !from) return;
      event.preventDefault();
      const row = from.parentElement as HTMLTableRowElement;
      const body = row.parentElement as HTMLTableSectionElement;
      const to = body.rows[row.sectionRowIndex + step[1]]?.cells[from.cellIndex + step[0]];
      (to?.querySelector("a,[tabindex]") as HTMLElement | null)?.focus();
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  }, [data]);
  const fitting = useMemo(() => data.report.cells.filter(cell => fits(cell, filtersOf(query))), [data, query]);
  const filtered = fitting.length !== data.report.cells.length;
  const shown = tables.filter(table => (!filters.test || table.test === filters.test) && (!filtered || table.all.some(cell => fits(cell, filters))));
  const implementations = [...new Set(data.report.cells.flatMap(cell => Object.values(cell.roles)))];
  const toggle = (verdict: string) => {
    const next = new Set(filters.verdicts);
    if (!next.delete(verdict)) next.add(verdict);
    setQuery({ verdict: [...next].join(",") });
  };
  const counts: [string, number][] = [...verdicts.map(verdict => [verdict, data.report.cells.filter(cell => cell.verdict === verdict).length] as [string, number]),
    ["flaky", data.report.cells.filter(cell => cell.flaky).length]];
  return <main class="matrix">
    <div class="bar" role="toolbar" aria-label="filters">
      {counts.filter(([, n]) => n).map(([verdict, n]) =>
        <button class={`chip ${verdict}`} aria-pressed={filters.verdicts.has(verdict)} onClick={() => toggle(verdict)}>
          <b>{n}</b> {glyphs[verdict as Verdict] ?? "~"} {verdict}
        </button>)}
      {data.report.absent.length ? <button class="link" onClick={showAbsences}>{data.report.absent.length.toLocaleString("en")} absent</button> : null}
      <span class="fill" />
      <select aria-label="test" value={filters.test} onChange={event => setQuery({ test: event.currentTarget.value })}>
        <option value="">all tests</option>
        {[...new Set(tables.map(table => table.test))].map(test => <option value={test}>{visible(test)}</option>)}
      </select>
      <select aria-label="implementation" value={filters.impl} onChange={event => setQuery({ impl: event.currentTarget.value })}>
        <option value="">all implementations</option>
        {implementations.map(name => <option value={name}>{visible(name)}</option>)}
      </select>
      <input ref={search} type="search" placeholder="filter by text  /" aria-label="filter by text" value={query.get("q") ?? ""}
        onInput={event => setQuery({ q: event.currentTarget.value })} />
    </div>
    {filtered ? <p class="note">{fitting.length} of {data.report.cells.length} cells fit the filter. <button class="link"
      onClick={() => setQuery({ q: null, test: null, impl: null, verdict: null })}>show all</button></p> : null}
    {data.about.goes_on ? <p class="note">This run goes on; what is shown follows it.</p> : data.about.origin !== "report" ? <p class="note">This run did not end as it should: what is shown comes from its timelines.</p> : null}
    {data.about.problems.map(problem => <p class="note">{visible(problem)}</p>)}
    {data.about.left_out ? <p class="note">{data.about.left_out}</p> : null}
    <Troubles cells={fitting} data={data} />
    <div class="tests">{shown.map(table => <TableOf key={table.test + table.params} table={table} filters={filters} title={data.report.tests[table.test]?.title ?? ""} />)}</div>
    <Absences all={data.report.absent} />
    <Tip data={data} />
  </main>;
}
