// The lanes: one a role, on one clock, drawn on a canvas. Only what is seen is drawn: of each pixel it is asked by binary search how many
// events fall into it, so that a million events cost as much as a thousand.
import { useEffect, useRef } from "preact/hooks";
import { Facts, lowerBound } from "./facts";
import { Shown } from "./filter";
import { clock, span } from "./report";

export interface View { from: number; to: number }  // microseconds

const axisHeight = 24;
const laneHeight = 62;
const markWidth = 5;
// Fewer pixels between two events: they are drawn as one.
const apart = 3;
const mostArrows = 1500;
// More lost packets in sight are ticks.
const mostCrosses = 60;
const shortestView = 5;  // microseconds

interface Colours { ink: string; quiet: string; line: string; band: string; bad: string; good: string; life: string; plain: string; log: string;
                    select: string; found: string; rules: string[]; duplicate: string; reordered: string; paper: string }

function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const get = (name: string) => style.getPropertyValue(name).trim();
  return { ink: get("--ink"), quiet: get("--quiet"), line: get("--line"), band: get("--band"), bad: get("--failed"), good: get("--assert"),
           life: get("--ink"), plain: get("--event"), log: get("--log"), select: get("--select"), found: get("--found"), paper: get("--paper"),
           rules: [get("--rule0"), get("--rule1"), get("--rule2")], duplicate: get("--duplicate"), reordered: get("--reordered") };
}

export interface LanesProps {
  facts: Facts; shown: Shown; view: View; selected: number; deciding: number; found: Uint32Array;
  roles: number[];  // the lanes, from above
  onView(view: View): void; onSelect(event: number): void;
}

class Drawing {
  private readonly context: CanvasRenderingContext2D;
  private readonly gutter: number;
  readonly lanes: number[];
  private readonly laneOf: number[];

  constructor(private canvas: HTMLCanvasElement, private props: LanesProps) {
    this.context = canvas.getContext("2d")!;
    this.gutter = canvas.clientWidth < 600 ? 58 : 92;
    this.lanes = props.roles;
    this.laneOf = props.facts.header.roles.map((_, role) => this.lanes.indexOf(role));
  }

  x(us: number): number {
    const { view } = this.props;
    return this.gutter + (us - view.from) / (view.to - view.from) * (this.canvas.clientWidth - this.gutter);
  }
  us(x: number): number {
    const { view } = this.props;
    return view.from + (x - this.gutter) / (this.canvas.clientWidth - this.gutter) * (view.to - view.from);
  }
  private y(lane: number): number { return axisHeight + lane * laneHeight; }
  // Where arrows touch the lane of the event.
  private middle(event: number): number { return this.y(this.laneOf[this.props.facts.role[event]]) + 22; }

  draw(): void {
    const { canvas, context } = this;
    const scale = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    const colours = coloursOf(canvas);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = "11px system-ui, sans-serif";
    this.axis(colours, width, height);
    context.save();
    context.beginPath();
    context.rect(this.gutter, 0, width - this.gutter, height);
    context.clip();
    this.cursor(this.props.deciding, colours.bad, height, true);
    this.cursor(this.props.selected, colours.select, height, false);
    this.bands(colours);
    this.arrows(colours);
    this.lanes.forEach((role, lane) => this.marks(role, this.y(lane), width, colours));
    this.marksFound(colours);
    context.restore();
    this.labels(colours);
  }

  private axis(colours: Colours, width: number, height: number): void {
    const { context } = this;
    const { view } = this.props;
    const wanted = (view.to - view.from) / Math.max(2, (width - this.gutter) / 110);
    const power = 10 ** Math.floor(Math.log10(wanted));
    const step = [1, 2, 5, 10].map(factor => factor * power).find(one => one >= wanted)!;
    context.fillStyle = colours.quiet;
    context.strokeStyle = colours.line;
    context.textAlign = "left";
    context.textBaseline = "middle";
    for (let us = Math.ceil(view.from / step) * step; us <= view.to; us += step) {
      const x = Math.round(this.x(us)) + 0.5;
      if (x < this.gutter) continue;
      context.beginPath();
      context.moveTo(x, axisHeight - 6);
      context.lineTo(x, height);
      context.stroke();
      const text = clock(us, step) + " s";
      if (x + 4 + context.measureText(text).width < width) context.fillText(text, x + 4, axisHeight / 2 - 1);
    }
  }

  private labels(colours: Colours): void {
    const { context } = this;
    const { facts } = this.props;
    context.textAlign = "left";
    context.textBaseline = "middle";
    this.lanes.forEach((role, lane) => {
      const y = this.y(lane);
      context.strokeStyle = colours.line;
      context.beginPath();
      context.moveTo(0, y + 0.5);
      context.lineTo(this.canvas.clientWidth, y + 0.5);
      context.stroke();
      context.fillStyle = colours.ink;
      context.font = "600 12px system-ui, sans-serif";
      context.fillText(facts.header.roles[role].slice(0, 14), 8, y + 22, this.gutter - 12);
      context.fillStyle = colours.quiet;
      context.font = "10px system-ui, sans-serif";
      context.fillText("log", 8, y + 48);
    });
  }

  // From a role's start to its end; until it is ready, paler.
  private bands(colours: Colours): void {
    const { facts } = this.props;
    this.lanes.forEach((role, lane) => {
      const { began, ready, ended } = lifeOf(facts, role);
      if (began < 0) return;
      const { context } = this;
      context.fillStyle = colours.band;
      const y = this.y(lane) + 8;
      const [from, until] = [this.x(facts.us[began]), this.x(ended >= 0 ? facts.us[ended] : facts.end)];
      const awake = ready >= 0 ? this.x(facts.us[ready]) : until;
      context.globalAlpha = 0.45;
      context.fillRect(from, y, Math.max(1, awake - from), 28);
      context.globalAlpha = 1;
      context.fillRect(awake, y, Math.max(0, until - awake), 28);
    });
  }

  private cursor(event: number, colour: string, height: number, dashed: boolean): void {
    const { context } = this;
    if (event < 0) return;
    const x = Math.round(this.x(this.props.facts.us[event])) + 0.5;
    context.strokeStyle = colour;
    context.setLineDash(dashed ? [3, 3] : []);
    context.beginPath();
    context.moveTo(x, axisHeight - 8);
    context.lineTo(x, height);
    context.stroke();
    context.setLineDash([]);
  }

  private marks(role: number, y: number, width: number, colours: Colours): void {
    const { facts, shown, view, selected } = this.props;
    const events = shown.lanes[role];
    const at = (index: number) => facts.us[events[index]];
    const search = (us: number, low: number) => {
      let high = events.length;
      while (low < high) { const middle = (low + high) >> 1; if (at(middle) < us) low = middle + 1; else high = middle; }
      return low;
    };
    const first = search(view.from, 0);
    const last = search(view.to, first);
    const { context } = this;
    if (last - first > (width - this.gutter) / apart) {
      // Density: for each column of pixels how many, events above and log lines below.
      let index = first;
      for (let x = this.gutter; x < width && index < last; x += 2) {
        const next = search(this.us(x + 2), index);
        if (next > index) {
          const sample = Math.min(next - index, 16);
          const counts = { log: 0, bad: 0, good: 0, life: 0, plain: 0 };
          for (let i = 0; i < sample; ++i) ++counts[facts.toneOf(events[index + Math.floor(i * (next - index) / sample)])];
          const share = (n: number) => Math.min(24, 3 + 4 * Math.log2(1 + n * (next - index) / sample));
          const others = sample - counts.log;
          if (others) {
            context.fillStyle = counts.bad ? colours.bad : counts.good > others / 2 ? colours.good : colours.plain;
            context.fillRect(x, y + 34 - share(others), 2, share(others));
          }
          context.fillStyle = colours.log;
          if (counts.log) context.fillRect(x, y + 54 - share(counts.log) / 2, 2, share(counts.log) / 2);
        }
        index = next;
      }
      return;
    }
    let free = -1e9;
    context.textAlign = "left";
    context.textBaseline = "middle";
    for (let i = first; i < last; ++i) {
      const event = events[i];
      const x = this.x(facts.us[event]);
      const tone = facts.toneOf(event);
      const isLog = tone === "log";
      context.fillStyle = event === selected ? colours.select : colours[tone];
      if (isLog) context.fillRect(x - 1, y + 42, 2, 12);
      else if (tone === "life") context.fillRect(x - 1, y + 8, 2.5, 28);
      else {
        context.beginPath();
        context.roundRect(x - markWidth / 2, y + 16, markWidth, 12, 2);
        context.fill();
      }
      // A name, where there is room until the next one.
      if (isLog) continue;
      let next = i + 1;
      while (next < last && facts.toneOf(events[next]) === "log") ++next;
      const room = (next < last ? this.x(at(next)) : width) - x - 8;
      const name = facts.typeOf(event);
      const nameWidth = context.measureText(name).width;
      if (x + 5 >= free && room > nameWidth) {
        context.fillStyle = tone === "bad" ? colours.bad : colours.quiet;
        context.fillText(name, x + 5, y + 22);
        free = x + 5 + nameWidth + 6;
      }
    }
  }

  private marksFound(colours: Colours): void {
    const { facts, found, view } = this.props;
    if (!found.length) return;
    const { context } = this;
    context.fillStyle = colours.found;
    let last = -1;
    const end = lowerBound(found, lowerBound(facts.us, view.to));
    for (let i = lowerBound(found, lowerBound(facts.us, view.from)); i < end; ++i) {
      const x = Math.round(this.x(facts.us[found[i]]));
      if (x === last) continue;
      last = x;
      context.fillRect(x - 1, axisHeight - 7, 3, 6);
    }
  }

  private arrows(colours: Colours): void {
    const { facts, shown, view, selected } = this.props;
    const { context } = this;
    if (this.lanes.length < 2) return;
    const isShown = (event: number) => shown.all || shown.events[lowerBound(shown.events, event)] === event;
    const firstEvent = lowerBound(facts.us, view.from);
    const lastEvent = lowerBound(facts.us, view.to);
    // Arrows are sorted by their sending. Those that begin before the view and reach into it are among the few before it.
    const from = Math.max(0, lowerBound(facts.arrowSent, firstEvent) - 64);
    const to = lowerBound(facts.arrowSent, lastEvent + 1);
    const step = Math.max(1, Math.ceil((to - from) / mostArrows));
    const alpha = to - from > 400 ? 0.25 : 0.8;
    for (let i = from; i < to; i += step) this.arrow(i, alpha, isShown, colours);
    if (selected >= 0) {
      const first = lowerBound(facts.arrowSent, selected);
      for (let i = first; i < facts.arrowSent.length && facts.arrowSent[i] === selected; ++i) this.arrow(i, 1, () => true, colours, 2.5);
      facts.arrowsAt(selected).filter(one => one.received === selected).forEach(one => {
        for (let i = lowerBound(facts.arrowSent, one.sent); facts.arrowSent[i] === one.sent; ++i) if (facts.arrowReceived[i] === selected) this.arrow(i, 1, () => true, colours, 2.5);
      });
    }
    const lostFrom = lowerBound(facts.lost, firstEvent);
    const lostTo = lowerBound(facts.lost, lastEvent + 1);
    const lostStep = Math.max(1, Math.ceil((lostTo - lostFrom) / mostArrows));
    context.globalAlpha = 1;
    for (let i = lostFrom; i < lostTo; i += lostStep) {
      const event = facts.lost[i];
      if (!isShown(event) || this.laneOf[facts.role[event]] < 0) continue;
      const x = this.x(facts.us[event]);
      const down = this.laneOf[facts.role[event]] < this.lanes.length - 1;
      const y = this.middle(event);
      if (lostTo - lostFrom > mostCrosses) {
        context.fillStyle = colours.bad;
        context.fillRect(x - 0.5, down ? y + 13 : y - 19, 1.5, 6);
        continue;
      }
      const end = y + (down ? 26 : -26);
      context.strokeStyle = colours.bad;
      context.lineWidth = 1.25;
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x + 5, end);
      context.moveTo(x + 1, end - 4); context.lineTo(x + 9, end + 4);
      context.moveTo(x + 9, end - 4); context.lineTo(x + 1, end + 4);
      context.stroke();
    }
    context.lineWidth = 1;
  }

  private arrow(index: number, alpha: number, isShown: (event: number) => boolean, colours: Colours, width = 1.25): void {
    const { facts } = this.props;
    const { sent, received, rule, duplicate, reordered } = facts.arrow(index);
    if (this.laneOf[facts.role[sent]] < 0 || this.laneOf[facts.role[received]] < 0 || !isShown(sent) || !isShown(received)) return;
    const { context } = this;
    const [x1, x2] = [this.x(facts.us[sent]), this.x(facts.us[received])];
    if (Math.max(x1, x2) < this.gutter || Math.min(x1, x2) > this.canvas.clientWidth) return;
    const down = this.middle(received) > this.middle(sent);
    const y1 = this.middle(sent) + (down ? 6 : -6);
    const y2 = this.middle(received) + (down ? -6 : 6);
    context.globalAlpha = alpha;
    context.lineWidth = width;
    context.strokeStyle = context.fillStyle = duplicate ? colours.duplicate : reordered ? colours.reordered : colours.rules[rule % 3];
    context.setLineDash(duplicate ? [5, 3] : []);
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
    context.setLineDash([]);
    const angle = Math.atan2(y2 - y1, x2 - x1);
    context.beginPath();
    context.moveTo(x2, y2);
    context.lineTo(x2 - 7 * Math.cos(angle - 0.4), y2 - 7 * Math.sin(angle - 0.4));
    context.lineTo(x2 - 7 * Math.cos(angle + 0.4), y2 - 7 * Math.sin(angle + 0.4));
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = 1;
  }

  // The shown event nearest to the point, or -1.
  nearest(x: number, y: number): number {
    const role = this.lanes[Math.floor((y - axisHeight) / laneHeight)];
    if (role === undefined || x < this.gutter) return -1;
    const { facts, shown } = this.props;
    const events = shown.lanes[role];
    const inLog = (y - axisHeight) % laneHeight > 38;
    let best = -1;
    let distance = 12;
    let low = 0;
    let high = events.length;
    const us = this.us(x - 12);
    while (low < high) { const middle = (low + high) >> 1; if (facts.us[events[middle]] < us) low = middle + 1; else high = middle; }
    for (let i = low; i < events.length && i < low + 5000; ++i) {
      const away = Math.abs(this.x(facts.us[events[i]]) - x) + ((facts.toneOf(events[i]) === "log") === inLog ? 0 : 6);
      if (this.x(facts.us[events[i]]) > x + 12) break;
      if (away < distance) { distance = away; best = events[i]; }
    }
    return best;
  }
}

const lives = new WeakMap<Facts, { began: number; ready: number; ended: number }[]>();
export function lifeOf(facts: Facts, role: number): { began: number; ready: number; ended: number } {
  let all = lives.get(facts);
  if (!all) {
    all = facts.header.roles.map(() => ({ began: -1, ready: -1, ended: -1 }));
    const ready = facts.header.types.indexOf("ready");
    const exited = facts.header.types.indexOf("exited");
    for (let event = 0; event < facts.count; ++event) {
      const life = all[facts.role[event]];
      if (life.began < 0) life.began = event;
      if (life.ready < 0 && facts.type[event] === ready) life.ready = event;
      if (facts.type[event] === exited) life.ended = event;
    }
    lives.set(facts, all);
  }
  return all[role];
}

export function clampView(view: View, facts: Facts): View {
  const all = wholeView(facts);
  const size = Math.max(shortestView, Math.min(view.to - view.from, all.to - all.from));
  const from = Math.max(all.from, Math.min(view.from, all.to - size));
  return { from, to: from + size };
}

export function wholeView(facts: Facts): View {
  const room = Math.max(1000, facts.end * 0.02);
  return { from: -room, to: facts.end + room };
}

export function Lanes(props: LanesProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const lanes = props.roles.length;
  const redraw = () => { if (canvas.current) new Drawing(canvas.current, latest.current).draw(); };
  useEffect(() => {
    const frame = requestAnimationFrame(redraw);
    return () => cancelAnimationFrame(frame);
  });
  useEffect(() => {
    const element = canvas.current!;
    const drawing = () => new Drawing(element, latest.current);
    const zoom = (x: number, factor: number) => {
      const { view, facts, onView } = latest.current;
      const at = drawing().us(x);
      onView(clampView({ from: at - (at - view.from) * factor, to: at + (view.to - at) * factor }, facts));
    };
    const pan = (pixels: number) => {
      const { view, facts, onView } = latest.current;
      const us = drawing().us(pixels) - drawing().us(0);
      onView(clampView({ from: view.from + us, to: view.to + us }, facts));
    };
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan(event.deltaX || event.deltaY);
      else zoom(event.offsetX, Math.exp(Math.max(-100, Math.min(100, event.deltaY)) * 0.004));
    };
    const pointers = new Map<number, { x: number; y: number }>();
    let moved = 0;
    const down = (event: PointerEvent) => {
      element.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
      moved = 0;
    };
    const move = (event: PointerEvent) => {
      const before = pointers.get(event.pointerId);
      if (!before) { element.style.cursor = drawing().nearest(event.offsetX, event.offsetY) >= 0 ? "pointer" : "grab"; return; }
      const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
      if (others.length) {
        const gap = (x: number) => Math.max(10, Math.abs(x - others[0].x));
        zoom((event.offsetX + others[0].x) / 2, gap(before.x) / gap(event.offsetX));
      } else {
        pan(before.x - event.offsetX);
      }
      moved += Math.abs(event.offsetX - before.x) + Math.abs(event.offsetY - before.y);
      pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    };
    const up = (event: PointerEvent) => {
      pointers.delete(event.pointerId);
      if (moved > 6) return;
      const at = drawing().nearest(event.offsetX, event.offsetY);
      if (at >= 0) latest.current.onSelect(at);
    };
    const drop = (event: PointerEvent) => { pointers.delete(event.pointerId); };
    element.addEventListener("wheel", wheel, { passive: false });
    element.addEventListener("pointerdown", down);
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", up);
    element.addEventListener("pointercancel", drop);
    const resized = new ResizeObserver(redraw);
    resized.observe(element);
    addEventListener("themechange", redraw);
    return () => { resized.disconnect(); removeEventListener("themechange", redraw); };
  }, []);
  const { view } = props;
  return <canvas ref={canvas} class="lanes" style={{ height: `${axisHeight + lanes * laneHeight}px` }} role="img"
    aria-label={`lanes of ${lanes} roles, ${span(view.to - view.from)} shown from ${clock(view.from, 1)} seconds; the list below says the same in words`} />;
}
