// The list: a row an event, a column a role, arrows between the columns. Only the rows in sight exist; their texts come by pieces.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { briefOf } from "./brief";
import { Arrow, Facts, lowerBound } from "./facts";
import { Shown } from "./filter";
import { Lines } from "./lines";
import { clock } from "./report";

const rowHeight = 24;
// Browsers cannot scroll further than some ten million pixels: longer lists scroll faster instead.
const tallest = 6_000_000;
const gap = 56;  // between two roles' columns, for the arrows

export interface SequenceProps {
  facts: Facts; shown: Shown; lines: Lines; selected: number; deciding: number; found: Set<number>; roles: number[];
  arrived: number;  // grows when lines have come
  onSelect(event: number): void;
}

function fateOf(facts: Facts, event: number, arrows: Arrow[]): string {
  if (facts.isLost(event)) return "lost";
  const arrival = arrows.find(arrow => arrow.received === event);
  if (arrival?.duplicate) return "duplicate";
  if (arrival?.reordered) return "reordered";
  return "";
}

export function Sequence(props: SequenceProps) {
  const { facts, shown, lines, selected, roles } = props;
  const box = useRef<HTMLDivElement>(null);
  const [scroll, setScroll] = useState({ top: 0, height: 600, width: 800 });
  const total = shown.events.length;
  const room = Math.min(total * rowHeight, tallest);
  const rows = Math.ceil(scroll.height / rowHeight) + 1;
  const most = Math.max(0, total - scroll.height / rowHeight);
  // The first row in sight, with its part that is scrolled away.
  const position = room > scroll.height ? scroll.top / (room - scroll.height) * most : 0;
  const first = Math.max(0, Math.floor(position) - 2);
  const last = Math.min(total, first + rows + 4);
  const offset = scroll.top - (position - first) * rowHeight;

  useLayoutEffect(() => {
    const element = box.current!;
    const read = () => setScroll({ top: element.scrollTop, height: element.clientHeight, width: element.clientWidth });
    let frame = 0;
    const later = () => { frame ||= requestAnimationFrame(() => { frame = 0; read(); }); };
    read();
    element.addEventListener("scroll", later, { passive: true });
    const resized = new ResizeObserver(later);
    resized.observe(element);
    return () => { element.removeEventListener("scroll", later); resized.disconnect(); cancelAnimationFrame(frame); };
  }, []);

  // What was selected elsewhere comes into sight.
  useEffect(() => {
    const element = box.current!;
    if (selected < 0) return;
    const row = lowerBound(shown.events, selected);
    // As it is now, which may be less than what was drawn last: the selected event's panel takes its room.
    const inSight = element.clientHeight / rowHeight;
    const most = Math.max(0, total - inSight);
    const now = room > element.clientHeight ? element.scrollTop / (room - element.clientHeight) * most : 0;
    if (row >= now + 1 && row < now + inSight - 2) return;
    const wanted = Math.max(0, Math.min(most, row - inSight / 2.5));
    element.scrollTop = most ? wanted / most * (room - element.clientHeight) : 0;
  }, [selected, shown]);

  const narrow = scroll.width < 600;
  const digits = clock(facts.end, narrow ? 1000 : 1).length;
  const timeWidth = Math.min(160, Math.max(narrow ? 46 : 72, 14 + digits * (narrow ? 6.3 : 7)));
  const space = narrow ? 28 : gap;
  const columns = Math.max(1, roles.length);
  const columnWidth = Math.max(120, (scroll.width - timeWidth - 12 - (columns - 1) * space) / columns);
  const left = (role: number) => timeWidth + Math.max(0, roles.indexOf(role)) * (columnWidth + space);
  const visibleEvents = [...shown.events.subarray(first, last)];
  const step = visibleEvents.length > 1 ? (facts.us[visibleEvents[visibleEvents.length - 1]] - facts.us[visibleEvents[0]]) / visibleEvents.length : 1e6;
  const y = (event: number) => {
    const row = lowerBound(shown.events, event);
    return shown.events[row] === event ? (row - first + 0.5) * rowHeight : NaN;
  };
  const arrows = new Map<string, Arrow>();
  const rowsShown = visibleEvents.map((event, i) => {
    const here = facts.arrowsAt(event);
    for (const arrow of here) arrows.set(`${arrow.sent} ${arrow.received}`, arrow);
    const role = facts.role[event];
    const whole = roles.indexOf(role) < 0;
    const line = lines.at(event);
    const fate = fateOf(facts, event, here);
    const tone = facts.toneOf(event);
    return <div key={event} id={`e${event}`} role="option" aria-selected={event === selected} data-event={event}
      class={`row ${tone}${event === selected ? " selected" : ""}${event === props.deciding ? " deciding" : ""}${props.found.has(event) ? " found" : ""}`}
      style={{ top: `${i * rowHeight}px` }} onMouseDown={() => props.onSelect(event)}>
      <time style={{ width: `${timeWidth - 10}px` }}>{clock(facts.us[event], step < 1000 && !narrow ? 1 : 1000)}</time>
      <span class="said" style={{ left: `${left(role)}px`, width: `${whole ? scroll.width - timeWidth - 12 : columnWidth}px` }}>
        {tone === "log" ? null : <b>{facts.typeOf(event) || "(no type)"}</b>}
        {facts.objectsOf(event).map(object => <i class={`tag k${facts.objectKind[object] % 4}`} title={`${facts.kindOf(object)} ${facts.objectId[object]}`}>{facts.short(object)}</i>)}
        {fate ? <em class={fate}>{fate}</em> : null}
        <span>{line ? briefOf(line) : "…"}</span>
      </span>
    </div>;
  });
  const paths = [...arrows.values()].filter(arrow => roles.includes(facts.role[arrow.sent]) && roles.includes(facts.role[arrow.received])).map(arrow => {
    const [a, b] = [roles.indexOf(facts.role[arrow.sent]), roles.indexOf(facts.role[arrow.received])];
    const right = b > a;
    const x1 = left(facts.role[arrow.sent]) + (right ? columnWidth + 2 : -4);
    const x2 = left(facts.role[arrow.received]) + (right ? -6 : columnWidth + 4);
    const high = (last - first) * rowHeight;
    const y1 = y(arrow.sent);
    const y2 = y(arrow.received);
    if (Number.isNaN(y1) || Number.isNaN(y2)) return null;
    const is = selected === arrow.sent || selected === arrow.received ? " is" : "";
    const clamp = (value: number) => Math.max(-200, Math.min(high + 200, value));
    const fate = arrow.duplicate ? " duplicate" : arrow.reordered ? " reordered" : "";
    const tip = right ? -6 : 6;
    return <g key={`${arrow.sent} ${arrow.received}`} class={`rule${arrow.rule % 3}${fate}${is}`}>
      <path d={`M${x1},${clamp(y1)} L${x2},${clamp(y2)}`} />
      <path class="tip" d={`M${x2},${clamp(y2)} l${tip},-3.5 l0,7 z`} />
    </g>;
  });
  return <div class="sequence">
    <div class="columns" aria-hidden="true">
      {narrow ? null : <span style={{ width: `${timeWidth}px` }}>seconds</span>}
      {roles.map(role => <b style={{ left: `${left(role)}px`, width: `${columnWidth}px` }}>{facts.header.roles[role]}</b>)}
    </div>
    <div class="rows" ref={box} tabIndex={0} role="listbox" aria-label="events" aria-activedescendant={selected >= 0 ? `e${selected}` : undefined}>
      <div style={{ height: `${room}px`, minWidth: `${timeWidth + columns * 120}px` }}>
        <div class="sight" style={{ transform: `translateY(${offset}px)`, height: `${(last - first) * rowHeight}px` }}>
          <svg width={scroll.width} height={(last - first) * rowHeight} aria-hidden="true">{paths}</svg>
          {rowsShown}
        </div>
      </div>
      {total === 0 ? <p class="quiet empty">no event fits the filters</p> : null}
    </div>
  </div>;
}
