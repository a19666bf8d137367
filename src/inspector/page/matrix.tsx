// The matrix: for each test a table, rows play the first role, columns the second. Filters dim what they exclude, so that every cell
// keeps its place.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Data } from "./page";
import { Absent, Cell, Verdict, duration, glyphs, verdicts, visible } from "./report";
import { address, setQuery } from "./route";

// More columns than this get glyphs only.
const mostWordColumns = 6;
const mostListed = 8;

interface Table { test: string; params: string; rowRole: string; columnRole: string; rows: string[]; columns: string[];
                  cells: Map<string, Cell[]>; absent: Map<string, Absent>; all: Cell[] }

const place = (row: string, column: string) => row + "\n" + column;

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
  for (const absent of data.report.absent) {
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

// Where a cell is a run of many tests: how many of them worked.
function countOf(cell: Cell): string {
  const shown = cell.attempts[cell.attempts.length - 1]?.results.filter(result => result.verdict !== "unsupported") ?? [];
  if (shown.length < 2 || cell.verdict === "unsupported") return "";
  return ` ${shown.filter(result => result.verdict === "passed").length}/${shown.length}`;
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

// What a reader came for, with its reason, before any click.
function Troubles({ cells }: { cells: Cell[] }) {
  const rank = (cell: Cell) => verdicts.indexOf(cell.verdict);
  const [all, setAll] = useState(false);
  const bad = cells.filter(cell => ["failed", "error", "aborted"].includes(cell.verdict) || cell.flaky).sort((a, b) => rank(a) - rank(b));
  if (!bad.length) return null;
  return <section class="troubles">
    <h2>What went wrong</h2>
    <ul>{bad.slice(0, all ? bad.length : mostListed).map(cell => <li key={cell.id}><a href={address(["cell", cell.id])}>
      <b class={cell.verdict}>{glyphs[cell.verdict]} {cell.flaky && cell.verdict === "passed" ? "flaky" : cell.verdict}</b>
      <span class="id">{visible(cell.id)}</span>
      <span class="reason">{visible(cell.reason)}</span>
      <span class="message">{visible(cell.message || cell.attempts.find(one => one.verdict !== "passed")?.message || "").slice(0, 300)}</span>
    </a></li>)}</ul>
    {bad.length > mostListed && !all ? <button class="link" onClick={() => setAll(true)}>and {bad.length - mostListed} more</button> : null}
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
      {data.report.absent.length ? <span class="quiet">{data.report.absent.length} absent</span> : null}
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
    {data.about.origin !== "report" ? <p class="note">This run did not end as it should: what is shown comes from its timelines.</p> : null}
    {data.about.problems.map(problem => <p class="note">{visible(problem)}</p>)}
    {data.about.left_out ? <p class="note">{data.about.left_out}</p> : null}
    <Troubles cells={fitting} />
    <div class="tests">{shown.map(table => <TableOf key={table.test + table.params} table={table} filters={filters} title={data.report.tests[table.test]?.title ?? ""} />)}</div>
    <Tip data={data} />
  </main>;
}
