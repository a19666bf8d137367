// The timeline of one attempt: lanes on one clock above, the events in words below, what is selected beside them.
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Detail } from "./detail";
import { Facts, lowerBound } from "./facts";
import { shownBy } from "./filter";
import { Lanes, View, clampView, wholeView } from "./lanes";
import { Lines } from "./lines";
import type { Data } from "./page";
import { useFacts } from "./reading";
import { Attempt, Cell, glyphs, visible } from "./report";
import { address, setQuery } from "./route";
import { Sequence } from "./sequence";
import { Source } from "./source";

interface Props { source: Source; data: Data; cell: Cell; attempt: Attempt; query: URLSearchParams }

export function TimelinePage(props: Props) {
  const { facts, trouble } = useFacts(props.source, props.data, props.cell, props.attempt, true);
  useEffect(() => { document.title = `timeline: ${props.cell.id}`; }, []);
  return <main class="timeline">
    <div class="crumbs">
      <a href={address(["cell", props.cell.id])}>← {visible(props.cell.test)}</a>
      <b class={props.attempt.verdict}>{glyphs[props.attempt.verdict]} {props.attempt.verdict}</b>
      <span>{Object.entries(props.cell.roles).map(([role, name]) => `${role} ${name}`).map(visible).join(" · ")}</span>
      {props.cell.attempts.length > 1 ? props.cell.attempts.map(one =>
        <a class={one.n === props.attempt.n ? "chosen" : ""} href={address(["cell", props.cell.id, String(one.n)])}>attempt {one.n}</a>) : null}
      <span class="quiet message">{visible(props.attempt.message)}</span>
    </div>
    {trouble ? <p class="trouble">{trouble}</p> : facts ? <Shown {...props} facts={facts} /> : <p class="loading">reading {props.attempt.events.toLocaleString("en")} events …</p>}
  </main>;
}

const help = [["/", "search; Enter and Shift-Enter go from hit to hit"], ["j k ↑ ↓", "next, previous event"], ["p", "the other end of the packet"],
  ["o", "only what speaks of the innermost object"], ["d", "the deciding event"], ["+ −", "zoom around the selected event"], ["← →", "pan"],
  ["0", "everything"], ["z", "zoom to the selected event"], ["Esc", "close, then clear the filters"], ["wheel, drag, pinch", "zoom and pan in the lanes"]];

function Shown({ source, cell, attempt, query, facts }: Props & { facts: Facts }) {
  const [view, setViewNow] = useState<View>(() => {
    const [from, to] = [Number(query.get("from")), Number(query.get("to"))];
    return query.has("from") && to > from ? clampView({ from, to }, facts) : wholeView(facts);
  });
  const [arrived, setArrived] = useState(0);
  const lines = useMemo(() => new Lines(source, cell.id, attempt.n, () => setArrived(n => n + 1)), []);
  const [helping, setHelping] = useState(false);
  const [found, setFound] = useState<{ words: string; events: Uint32Array; more: boolean }>({ words: "", events: new Uint32Array(), more: false });
  const search = useRef<HTMLInputElement>(null);
  const filterText = ["norole", "type", "object"].map(key => query.get(key) ?? "").join("\n");
  const shown = useMemo(() => shownBy(facts, query), [facts, filterText]);
  const hiddenRoles = useMemo(() => new Set((query.get("norole") ?? "").split(",").filter(Boolean)), [filterText]);
  // Lanes and columns stand in the order of the cell's roles; who else appears comes behind.
  const roles = useMemo(() => {
    const cast = Object.keys(cell.roles);
    const rank = (role: number) => { const at = cast.indexOf(facts.header.roles[role]); return at < 0 ? cast.length + role : at; };
    return facts.header.roles.map((_, role) => role).filter(role => facts.header.roles[role] !== "" && !hiddenRoles.has(facts.header.roles[role]))
      .sort((a, b) => rank(a) - rank(b));
  }, [facts, filterText]);
  const selected = query.has("at") ? facts.eventOf(Number(query.get("at"))) : -1;
  const deciding = attempt.blame ? facts.eventOf(attempt.blame.seq) : -1;
  const words = query.get("q") ?? "";
  const objects = (query.get("object") ?? "").split(",").filter(Boolean).map(Number).filter(object => object < facts.objectKind.length);
  const types = new Set((query.get("type") ?? "").split(",").filter(Boolean));
  const foundSet = useMemo(() => new Set(found.events), [found]);
  const hits = useMemo(() => found.events.filter(event => shown.all || shown.events[lowerBound(shown.events, event)] === event), [found, shown]);

  useEffect(() => { performance.mark("timeline shown"); }, []);

  const before = useRef(facts);
  useEffect(() => {  // the rest has come, or more of what goes on: who saw everything sees everything
    if (before.current !== facts) lines.grown();
    const all = wholeView(before.current);
    before.current = facts;
    setViewNow(now => now.from <= all.from && now.to >= all.to ? wholeView(facts) : now);
  }, [facts]);

  const later = useRef(0);
  const setView = useCallback((next: View) => {
    setViewNow(next);
    clearTimeout(later.current);
    later.current = window.setTimeout(() => {
      const all = wholeView(facts);
      const whole = next.from <= all.from && next.to >= all.to;
      setQuery({ from: whole ? null : String(Math.round(next.from)), to: whole ? null : String(Math.round(next.to)) });
    }, 250);
  }, [facts]);
  useEffect(() => () => clearTimeout(later.current), []);

  const select = useCallback((event: number) => {
    setQuery({ at: event < 0 ? null : String(facts.seqOf(event)) });
    if (event < 0) return;
    setViewNow(now => {
      const us = facts.us[event];
      if (us >= now.from && us <= now.to) return now;
      const size = now.to - now.from;
      return clampView({ from: us - size / 2, to: us + size / 2 }, facts);
    });
  }, [facts]);

  useEffect(() => {
    if (!words) { setFound({ words: "", events: new Uint32Array(), more: false }); return; }
    let gone = false;
    const wait = setTimeout(() => source.search(cell.id, attempt.n, words).then(answer => {
      if (!gone) setFound({ words, events: Uint32Array.from(answer.found), more: answer.more });
    }, () => {}), 150);
    return () => { gone = true; clearTimeout(wait); };
  }, [words]);

  const goToHit = (back: boolean) => {
    if (!hits.length) return;
    const next = lowerBound(hits, back ? selected : selected + 1) - (back ? 1 : 0);
    select(hits[(next + hits.length) % hits.length]);
  };
  const onObject = (object: number) => setQuery({ object: String(object) }, true);
  const zoom = (factor: number) => {
    const middle = selected >= 0 ? facts.us[selected] : (view.from + view.to) / 2;
    const at = middle >= view.from && middle <= view.to ? middle : (view.from + view.to) / 2;
    setView(clampView({ from: at - (at - view.from) * factor, to: at + (view.to - at) * factor }, facts));
  };
  const zoomTo = (event: number) => {
    const row = lowerBound(shown.events, event);
    const from = facts.us[shown.events[Math.max(0, row - 15)] ?? 0];
    const to = facts.us[shown.events[Math.min(shown.events.length - 1, row + 15)] ?? 0];
    const room = Math.max(50, (to - from) * 0.06);
    setView(clampView({ from: from - room, to: to + room }, facts));
  };

  // With the page's change, not after it: a key that follows at once must meet what is shown.
  useLayoutEffect(() => {
    const keys = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (target.closest("input,select,summary,details")) {
        if (event.key === "Escape") { target.blur(); (target.closest("details") as HTMLDetailsElement | null)?.removeAttribute("open"); }
        if (event.key === "Enter" && target === search.current) { event.preventDefault(); goToHit(event.shiftKey); }
        return;
      }
      const row = selected >= 0 ? lowerBound(shown.events, selected) : -1;
      const step = (by: number) => { const next = shown.events[Math.max(0, Math.min(shown.events.length - 1, row < 0 ? 0 : row + by))]; if (next !== undefined) select(next); };
      const size = view.to - view.from;
      const actions: Record<string, () => void> = {
        "/": () => search.current?.focus(), j: () => step(1), k: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1),
        PageDown: () => step(20), PageUp: () => step(-20), Home: () => select(shown.events[0] ?? -1), End: () => select(shown.events[shown.events.length - 1] ?? -1),
        p: () => { const arrow = selected >= 0 && facts.arrowsAt(selected)[0]; if (arrow) select(arrow.sent === selected ? arrow.received : arrow.sent); },
        o: () => { const refs = selected >= 0 ? facts.objectsOf(selected) : []; if (refs.length) onObject(refs[refs.length - 1]); },
        d: () => { if (deciding >= 0) { select(deciding); zoomTo(deciding); } },
        z: () => { if (selected >= 0) zoomTo(selected); },
        n: () => goToHit(false), N: () => goToHit(true),
        "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), "0": () => setView(wholeView(facts)),
        ArrowLeft: () => setView(clampView({ from: view.from - size / 5, to: view.to - size / 5 }, facts)),
        ArrowRight: () => setView(clampView({ from: view.from + size / 5, to: view.to + size / 5 }, facts)),
        "?": () => setHelping(now => !now),
        Escape: () => { if (helping) setHelping(false); else if (selected >= 0) select(-1); else setQuery({ q: null, type: null, object: null, norole: null }); },
      };
      const action = actions[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  });

  const counts = useMemo(() => { const n = new Uint32Array(facts.header.types.length); for (const type of facts.type) ++n[type]; return n; }, [facts]);
  const toggle = (key: string, now: Set<string>, value: string) => {
    const next = new Set(now);
    if (!next.delete(value)) next.add(value);
    setQuery({ [key]: [...next].join(",") });
  };
  return <>
    {facts.part ? <p class="packets">the first {facts.count.toLocaleString("en")} of {attempt.events.toLocaleString("en")} events; reading the rest …</p> : null}
    {facts.header.packets.length ? <ul class="packets" aria-label="packets">{facts.header.packets.map(count =>
      <li class={count.lost ? "some" : ""}><i class={`swatch rule${count.rule % 3}`} />{visible(count.words)}</li>)}</ul> : null}
    {facts.header.trouble ? <p class="note">{visible(facts.header.trouble)}</p> : null}
    {facts.header.faulty ? <p class="note">{facts.header.faulty} {facts.header.faulty === 1 ? "line of the file is" : "lines of the file are"} no event and left out</p> : null}
    <div class="bar" role="toolbar" aria-label="filters">
      {[...new Set([...Object.keys(cell.roles), ...facts.header.roles])].filter(role => facts.header.roles.includes(role) && role !== "").slice(0, 12).map(role =>
        <button class="chip" aria-pressed={!hiddenRoles.has(role)} title="show or hide this role" onClick={() => toggle("norole", hiddenRoles, role)}>{visible(role)}</button>)}
      <details class="types">
        <summary>{types.size ? `${types.size} of ${facts.header.types.length} types` : `all ${facts.header.types.length} types`}</summary>
        <div>
          {types.size ? <button class="link" onClick={() => setQuery({ type: null })}>all types</button> : null}
          {facts.header.types.map((type, i) => [type, counts[i]] as const).sort((a, b) => a[0] < b[0] ? -1 : 1).slice(0, 500).map(([type, n]) =>
            <label><input type="checkbox" checked={types.has(type)} onChange={() => toggle("type", types, type)} /> {visible(type) || "(no type)"} <span class="quiet">{n}</span></label>)}
        </div>
      </details>
      {objects.map(object => <button class="chip" aria-pressed="true" title="show everything again" onClick={() => setQuery({ object: null })}>
        {visible(`${facts.header.roles[facts.objectRole[object]]}: ${facts.kindOf(object)} ${facts.objectId[object]}`)} ✕</button>)}
      <span class="quiet">{shown.all ? `${facts.count.toLocaleString("en")} events` : `${shown.events.length.toLocaleString("en")} of ${facts.count.toLocaleString("en")} events`}</span>
      <span class="fill" />
      {deciding >= 0 ? <button onClick={() => { select(deciding); zoomTo(deciding); }} title="d">deciding event</button> : null}
      <span class="buttons"><button aria-label="zoom in" title="zoom in: +" onClick={() => zoom(0.5)}>+</button><button aria-label="zoom out" title="zoom out: -" onClick={() => zoom(2)}>−</button>
        <button title="everything: 0" onClick={() => setView(wholeView(facts))}>all</button></span>
      <input ref={search} type="search" placeholder="search  /" aria-label="search" value={words} onInput={event => setQuery({ q: event.currentTarget.value })} />
      {words ? <span class="quiet" role="status">{hits.length.toLocaleString("en")}{found.more ? "+" : ""} {hits.length === 1 ? "hit" : "hits"}</span> : null}
      <button class="plain" aria-label="keys" title="keys: ?" onClick={() => setHelping(!helping)}>?</button>
    </div>
    <Lanes facts={facts} shown={shown} view={view} selected={selected} deciding={deciding} found={found.events} roles={roles} onView={setView} onSelect={select} />
    <div class={"split" + (selected >= 0 ? " open" : "")}>
      <Sequence facts={facts} shown={shown} lines={lines} selected={selected} deciding={deciding} found={foundSet} roles={roles} arrived={arrived} onSelect={select} />
      {selected >= 0 ? <Detail source={source} cell={cell.id} attempt={attempt.n} facts={facts} event={selected} onSelect={select} onObject={onObject} onClose={() => select(-1)} /> : null}
    </div>
    {helping ? <div class="help" role="dialog" aria-label="keys" onClick={() => setHelping(false)}>
      <dl>{help.map(([key, what]) => <><dt>{key}</dt><dd>{what}</dd></>)}</dl></div> : null}
  </>;
}
