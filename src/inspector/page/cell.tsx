// One cell: what it showed, why, and what led to it; then everything that was recorded of it.
import { useEffect, useMemo, useState } from "preact/hooks";
import { briefOf } from "./brief";
import { Facts } from "./facts";
import { lifeOf } from "./lanes";
import type { Data } from "./page";
import { firstEvents, useFacts } from "./reading";
import { Attempt, Cell, clock, duration, glyphs, visible } from "./report";
import { address } from "./route";
import { Line, Source } from "./source";

const eachBefore = 7;
const linesAfter = 4;
// A role that said nothing for longer than this has nothing to tell about the decision.
const lookedBack = 1000;
// So many lines between two that are shown cost less than one more request.
const oneRun = 16;
// The cell's first lines on the page say what these events do.
const saidElsewhere = new Set(["exec", "status"]);
const mostFindings = 100;

function at(cell: Cell, attempt: Attempt, seq: number): string { return address(["cell", cell.id, String(attempt.n)], { at: String(seq) }); }

// The deciding event, and what each role did last before it: a role that talks much must not hide what the other one did.
function leadingTo(facts: Facts, event: number): number[] {
  const chosen = [event];
  const counts = facts.header.roles.map(() => 0);
  const said = (one: number) => !saidElsewhere.has(facts.typeOf(one));
  for (let one = event - 1; one >= Math.max(0, event - lookedBack); --one) {
    if (said(one) && counts[facts.role[one]]++ < eachBefore) chosen.unshift(one);
  }
  for (let one = event + 1; one < Math.min(facts.count, event + 1 + linesAfter); ++one) if (said(one)) chosen.push(one);
  return chosen;
}

// Events that lie close together are asked for at once: [from, to) of each such run.
function runsOf(events: number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const event of events) {
    const last = runs[runs.length - 1];
    if (last && event - last[1] < oneRun) last[1] = event + 1; else runs.push([event, event + 1]);
  }
  return runs;
}

function Around({ source, cell, attempt, facts, seq }: { source: Source; cell: Cell; attempt: Attempt; facts: Facts; seq: number }) {
  const [lines, setLines] = useState<Map<number, Line> | null>(null);
  const event = facts.eventOf(seq);
  const chosen = useMemo(() => event < 0 ? [] : leadingTo(facts, event), [facts, event]);
  useEffect(() => {
    if (!chosen.length) return;
    let gone = false;
    Promise.all(runsOf(chosen).map(async ([from, to]) => (await source.lines(cell.id, attempt.n, from, to)).map((line, i) => [from + i, line] as const)))
      .then(got => { if (!gone) setLines(new Map(got.flat())); }, () => {});
    return () => { gone = true; };
  }, [chosen]);
  if (!chosen.length || !lines) return null;
  const link = (one: number, text: string) => <a href={at(cell, attempt, facts.seqOf(one))}>{text}</a>;
  return <table class="around">
    <tbody>{chosen.map((one, i) => {
      const between = i ? one - chosen[i - 1] - 1 : 0;
      const line = lines.get(one);
      return <>
        {between ? <tr class="between"><td class="time" /><td /><td colSpan={2}>{link(one - 1, `${between} more`)}</td></tr> : null}
        <tr class={`${facts.toneOf(one)}${one === event ? " deciding" : ""}`}>
          <td class="time">{link(one, clock(facts.us[one]))}</td>
          <td><span class="cut">{visible(facts.roleOf(one))}</span></td>
          <td>{facts.toneOf(one) === "log" ? <span class="quiet">log</span> : <b class="cut">{visible(facts.typeOf(one))}</b>}</td>
          <td class="text">{line ? briefOf(line) : ""}</td>
        </tr>
      </>;
    })}</tbody>
  </table>;
}

interface Rule { held: boolean | null; text: string; where?: number | null; none?: string }

// The rules that every attempt is held against (reports/README.md, `reason`), with where the timeline shows each.
// `asks`: does the suite's "pass" name this condition? Without one it is the native contract's. Before the facts are there the rules are the
// same, with nothing decided that only the timeline shows: what is read is not rearranged under the reader.
function rulesOf(attempt: Attempt, facts: Facts | null, decides: string, timeout_ms: number, asks: (condition: string) => boolean): Rule[] {
  const broken = (reason: string) => attempt.reason === reason;
  const rules: Rule[] = [];
  const timeout = facts && attempt.verdict === "failed" ? facts.type.indexOf(facts.header.types.indexOf("timeout")) : -1;
  const timedOut = broken("timeout") || timeout >= 0;
  const started = (role: string) => !facts || facts.header.roles.includes(role);  // who was never started broke no rule
  const ended = attempt.verdict === "passed" || attempt.verdict === "failed";
  for (const role of Object.keys(attempt.roles)) {
    const index = facts ? facts.header.roles.indexOf(role) : -1;
    const ready = facts && index >= 0 ? lifeOf(facts, index).ready : -1;
    rules.push({ held: ready >= 0 ? true : facts && ended && started(role) ? false : null, text: `${role} became ready`, where: ready >= 0 ? facts!.seqOf(ready) : null,
      none: started(role) ? undefined : "not started" });
  }
  if (asks("done")) {
    const done = facts ? facts.header.types.indexOf("done") : -1;
    const index = facts ? facts.header.roles.indexOf(decides) : -1;
    let where = -1;
    for (let event = 0; facts && done >= 0 && event < facts.count; ++event) if (facts.type[event] === done && facts.role[event] === index) { where = event; break; }
    rules.push({ held: where >= 0 ? true : facts && ended && started(decides) ? false : null, text: `${decides} said done`, where: where >= 0 ? facts!.seqOf(where) : null,
      none: started(decides) ? undefined : "not started" });
  }
  for (const [role, outcome] of Object.entries(attempt.roles)) {
    const exit = outcome.exit;
    const index = facts ? facts.header.roles.indexOf(role) : -1;
    const where = facts && index >= 0 ? lifeOf(facts, index).ended : -1;
    const blamed = broken("exited") && attempt.blame?.role === role;
    rules.push({ held: blamed ? false : exit ? (exit.code === 0 || attempt.verdict === "passed" ? true : null) : null,
      text: exit ? `${role} exited with ${exit.code}${exit.signal ? ` (signal ${exit.signal})` : ""}${exit.oom ? ", out of memory" : ""}` : `${role} was not seen to exit`,
      where: where >= 0 ? facts!.seqOf(where) : null });
  }
  if (asks("tap")) {
    const failed = ["not-ok", "plan", "bail-out", "no-tap", "tap"].some(broken) || attempt.results.some(result => result.verdict === "failed");
    const all = attempt.results.length > 0 && attempt.results.every(result => result.verdict === "passed");
    rules.push({ held: failed ? false : attempt.verdict === "passed" || all ? true : null, text: `${decides}'s TAP shows as many tests as planned, and none that is not ok` });
  }
  if (asks("asserts")) rules.push({ held: broken("assert") ? false : ended ? true : null, text: "what both roles asserted was equal", where: broken("assert") ? attempt.blame?.seq : undefined });
  rules.push({ held: timedOut ? false : ended ? true : null, text: `all within ${duration(timeout_ms)}`, where: timeout >= 0 ? facts!.seqOf(timeout) : broken("timeout") ? attempt.blame?.seq : undefined });
  return rules;
}

function Where({ cell, attempt, seq, none }: { cell: Cell; attempt: Attempt; seq: number | null | undefined; none: string }) {
  return seq === null || seq === undefined ? <span class="quiet">{none}</span> : <a href={at(cell, attempt, seq)}>event {seq}</a>;
}

// `unread`: the timeline cannot be read, and will not be.
function Conditions({ cell, attempt, facts, unread, data }: { cell: Cell; attempt: Attempt; facts: Facts | null; unread: boolean; data: Data }) {
  const suite = data.report.run.suite.description ?? {};
  const roles = Object.keys(cell.roles);
  const said = Object.entries(typeof suite.roles === "object" && suite.roles !== null ? suite.roles : {})
    .find(([, role]) => typeof role === "object" && role !== null && (role as Record<string, unknown>).decides === true);
  const decides = typeof suite.decides === "string" ? suite.decides : said ? said[0] : roles.includes("driver") ? "driver" : roles[roles.length - 1] ?? "";
  const pass = Array.isArray(suite.pass) ? suite.pass as unknown[] : null;
  const asks = (condition: string) => pass ? pass.some(one => typeof one === "object" && one !== null && condition in one) : condition !== "tap";
  const rules = rulesOf(attempt, facts, decides, data.report.tests[cell.test]?.timeout_ms ?? 0, asks);
  const sign = (held: boolean | null) => held === null ? <i class="quiet" title="not decided">·</i> : held ? <i class="passed" title="held">✔</i> : <i class="failed" title="did not hold">✘</i>;
  return <div class="scroll"><table class="conditions"><tbody>
    {rules.map(rule => <tr><td>{sign(rule.held)}</td><td>{visible(rule.text)}</td><td>{rule.where === undefined ? null : <Where cell={cell} attempt={attempt} seq={rule.where} none={rule.none ?? (facts ? "not seen" : unread ? "not known" : "not read yet")} />}</td></tr>)}
    {attempt.conditions.map(condition => <tr><td>{sign(condition.held)}</td><td><code>{visible(condition.text)}</code></td>
      <td><Where cell={cell} attempt={attempt} seq={condition.seq} none="decided at the end" /></td></tr>)}
  </tbody></table></div>;
}

function Recorded({ cell, attempt }: { cell: Cell; attempt: Attempt }) {
  return <>
    {attempt.results.length ? <section><h2>Results</h2><div class="scroll"><table><tbody>{attempt.results.map(result => <tr>
      <td><b class={result.verdict}>{glyphs[result.verdict]} {result.verdict}</b></td><td>{visible(result.name)}</td><td>{visible(result.message)}</td>
      <td><Where cell={cell} attempt={attempt} seq={result.seq} none="" /></td></tr>)}</tbody></table></div></section> : null}
    {attempt.measurements.length ? <section><h2>Measurements</h2><div class="scroll"><table><tbody>{attempt.measurements.map(one => <tr>
      <td>{visible(one.name)}</td><td>{visible(JSON.stringify(one.value))} {visible(one.unit)}</td><td>{visible(one.role)}</td>
      <td><Where cell={cell} attempt={attempt} seq={one.seq} none="" /></td></tr>)}</tbody></table></div></section> : null}
    {attempt.findings.length ? <section><h2>Findings <small>worth knowing, without influence on the verdict</small></h2><div class="scroll"><table><tbody>
      {attempt.findings.slice(0, mostFindings).map(finding => <tr><td>{visible(finding.role)}</td><td>{visible(finding.kind)}</td><td class="text">{visible(finding.message)}</td>
        <td><Where cell={cell} attempt={attempt} seq={finding.seq} none="" /></td></tr>)}</tbody></table></div>
      {attempt.findings.length > mostFindings || attempt.findings_left_out ? <p class="quiet">… and {attempt.findings.length - Math.min(attempt.findings.length, mostFindings) + (attempt.findings_left_out ?? 0)} more</p> : null}</section> : null}
  </>;
}

export function CellPage({ source, data, cell }: { source: Source; data: Data; cell: Cell }) {
  const decisive = cell.blame ? cell.attempts.find(one => one.n === cell.blame!.attempt) : undefined;
  const [n, setN] = useState((decisive ?? cell.attempts[cell.attempts.length - 1])?.n);
  const chosen = cell.attempts.find(one => one.n === n) ?? cell.attempts[cell.attempts.length - 1];
  useEffect(() => { document.title = `${cell.verdict}: ${cell.id}`; }, []);
  const test = data.report.tests[cell.test];
  const again = data.about.again?.[cell.id];
  return <main class="cell">
    <nav class="crumbs"><a href={address([])}>← all cells</a> <a href={address([], { test: cell.test })}>test {visible(cell.test)}</a></nav>
    <h1>{visible(cell.test)} <small>{Object.entries(cell.roles).map(([role, name], i) => <>{i ? <span class="quiet"> × </span> : null}<span class="quiet">{visible(role)} </span><b>{visible(name)}</b></>)}
      {Object.entries(cell.params).map(([name, value]) => <span class="param"> {visible(`${name}=${value}`)}</span>)}</small></h1>
    <div class={`verdict ${cell.verdict}`}>
      <p class="big"><b>{glyphs[cell.verdict]} {cell.verdict}</b>{cell.flaky ? <em class="flaky">flaky</em> : null} <span>{visible(cell.reason)}</span> <span class="quiet">{duration(cell.duration_ms)}</span></p>
      {cell.message ? <p class="said">{visible(cell.message)}</p> : null}
      {cell.blame ? <p>The evidence points at <b>{visible(cell.blame.role)}</b> ({visible(cell.blame.implementation)}), at <a class="deciding" href={address(["cell", cell.id, String(cell.blame.attempt)], { at: String(cell.blame.seq) })}>event {cell.blame.seq}</a>{cell.attempts.length > 1 ? ` of attempt ${cell.blame.attempt}` : ""}.</p> : null}
    </div>
    {chosen ? <OfAttempt key={chosen.n} source={source} data={data} cell={cell} attempt={chosen} /> : <p class="note">{cell.verdict === "waiting" ? "It has not begun yet." : "No process was started for this cell."}</p>}
    {cell.attempts.length > 1 ? <section><h2>Attempts</h2><div class="scroll"><table><tbody>{cell.attempts.map(one => <tr class={one === chosen ? "chosen" : ""}>
      <td><button class="link" onClick={() => setN(one.n)}>attempt {one.n}</button></td><td><b class={one.verdict}>{glyphs[one.verdict]} {one.verdict}</b></td><td>{visible(one.reason)}</td>
      <td>{duration(one.duration_ms)}</td><td class="text">{visible(one.message)}</td><td><a href={address(["cell", cell.id, String(one.n)])}>timeline</a></td></tr>)}</tbody></table></div></section> : null}
    {again ? <section><h2>Run it again</h2><pre class="again">{visible(again)}</pre></section> : null}
    {data.about.descriptions[cell.test] ? <section class="spec"><h2>What the test says{test?.file ? <small> {visible(test.file)}</small> : null}</h2>
      {/* cmark rendered it in safe mode: raw HTML and dangerous links are not in it (markdown.hpp) */}
      <div class="prose" dangerouslySetInnerHTML={{ __html: data.about.descriptions[cell.test] }} />
      {test?.header && Object.keys(test.header).length ? <details><summary>header</summary><pre>{visible(JSON.stringify(test.header, null, 2))}</pre></details> : null}
    </section> : null}
  </main>;
}

function OfAttempt({ source, data, cell, attempt }: { source: Source; data: Data; cell: Cell; attempt: Attempt }) {
  const seq = attempt.blame?.seq;
  const early = seq !== undefined && seq + linesAfter < firstEvents;
  const { facts: known, trouble } = useFacts(source, data, cell, attempt, early);
  const unread = trouble || known?.header.trouble || "";
  const facts = known?.part || unread ? null : known;  // a part tells where it was decided, and nothing else
  return <>
    <p class="actions"><a class="button" href={address(["cell", cell.id, String(attempt.n)], seq === undefined ? {} : { at: String(seq) })}>Timeline{cell.attempts.length > 1 ? ` of attempt ${attempt.n}` : ""}</a>
      <span class="quiet"> {attempt.events.toLocaleString("en")} events in {duration(attempt.duration_ms)}</span></p>
    {unread ? <p class="note">{visible(unread)}</p> : null}
    {seq !== undefined && (known?.count || !unread) ? <section><h2>Where it was decided</h2>
      {known ? <Around source={source} cell={cell} attempt={attempt} facts={known} seq={seq} /> : <p class="quiet">reading {attempt.events.toLocaleString("en")} events …</p>}</section> : null}
    {facts?.header.packets.some(count => count.lost || count.duplicated || count.reordered) ? <section><h2>Packets</h2>
      <ul class="packets">{facts.header.packets.map(count => <li class={count.lost ? "some" : ""}>{visible(count.words)}</li>)}</ul></section> : null}
    <section><h2>What had to hold</h2><Conditions cell={cell} attempt={attempt} facts={facts} unread={unread !== ""} data={data} /></section>
    <Recorded cell={cell} attempt={attempt} />
    <section><h2>Who played</h2><div class="scroll"><table><tbody>{Object.entries(cell.roles).map(([role, name]) => {
      const source_of = data.report.implementations[name];
      return <tr><td><b>{visible(role)}</b></td><td>{visible(name)}</td><td>{visible(source_of?.version ?? "")}</td>
        <td class="quiet mono">{visible((attempt.roles[role]?.image || source_of?.roles?.[role]?.image || "").slice(0, 71))}</td></tr>;
    })}</tbody></table></div></section>
  </>;
}
