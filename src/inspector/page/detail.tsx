// One event: its JSON, and everything that is tied to it, in its own role and in the others.
import { useEffect, useState } from "preact/hooks";
import { Facts } from "./facts";
import { clock, span, visible } from "./report";
import { Source } from "./source";

// More than this is shown when somebody asks for it.
const mostShown = 64 * 1024;
const mostListed = 6;

// The text as it was written, with blanks and line breaks added between its tokens: no number and no escape is changed.
export function laidOut(json: string): { kind: string; text: string }[] {
  const out: { kind: string; text: string }[] = [];
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+|"/g;
  let depth = 0;
  let before = "";
  const inline: boolean[] = [];
  let match: RegExpExecArray | null;
  const line = () => out.push({ kind: "", text: "\n" + "  ".repeat(Math.min(depth, 40)) });
  while ((match = token.exec(json))) {
    const text = match[0];
    if (text === "{" || text === "[") {
      const rest = json.slice(token.lastIndex).match(/^\s*[}\]]/);
      out.push({ kind: "", text });
      inline.push(Boolean(rest));
      if (!rest) { ++depth; line(); }
    } else if (text === "}" || text === "]") {
      if (!inline.pop()) { --depth; line(); }
      out.push({ kind: "", text });
    } else if (text === ",") {
      out.push({ kind: "", text });
      line();
    } else if (text === ":") {
      out.push({ kind: "", text: ": " });
    } else {
      const key = text[0] === '"' && /^\s*:/.test(json.slice(token.lastIndex, token.lastIndex + 20)) && before !== ":";
      out.push({ kind: key ? "key" : text[0] === '"' ? "text" : "number", text });
    }
    before = text;
  }
  return out;
}

function Json({ text }: { text: string }) {
  return <pre class="json">{laidOut(text).map(({ kind, text: part }) => kind ? <span class={kind}>{visible(part)}</span> : part)}</pre>;
}

export interface DetailProps {
  source: Source; cell: string; attempt: number; facts: Facts; event: number;
  onSelect(event: number): void; onObject(object: number): void; onClose(): void;
}

export function Detail({ source, cell, attempt, facts, event, onSelect, onObject, onClose }: DetailProps) {
  const [line, setLine] = useState<{ event: number; text: string } | null>(null);
  const [whole, setWhole] = useState(false);
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    let gone = false;
    setWhole(false);
    setCopied(false);
    source.line(cell, attempt, event).then(text => { if (!gone) setLine({ event, text }); }, error => { if (!gone) setLine({ event, text: String(error) }); });
    return () => { gone = true; };
  }, [event]);
  const text = line?.event === event ? line.text : null;
  const Go = ({ to, children }: { to: number; children: preact.ComponentChildren }) =>
    <button class="link" data-to={to} onClick={() => onSelect(to)}>{children}</button>;
  const arrows = facts.arrowsAt(event);
  const tied = [...new Set(facts.objectsOf(event))];
  return <aside class="detail" aria-label="the selected event">
    <header>
      <h2>{facts.typeOf(event) || "(no type)"}</h2>
      <button class="plain" aria-label="close" onClick={onClose}>✕</button>
      <p class="quiet">{facts.roleOf(event) ? <b>{facts.roleOf(event)}</b> : "the run"} · {clock(facts.us[event], 1)} s · event {facts.seqOf(event)}</p>
    </header>
    {arrows.length || facts.isLost(event) || facts.isUnknown(event) ? <section>
      <h3>packet</h3>
      <ul>
        {arrows.map(arrow => {
          const out = arrow.sent === event;
          const other = out ? arrow.received : arrow.sent;
          return <li class={arrow.duplicate ? "duplicate" : arrow.reordered ? "reordered" : ""}>
            <Go to={other}>{out ? `→ received by ${facts.roleOf(other)}` : `← sent by ${facts.roleOf(other)}`}, event {facts.seqOf(other)}</Go>
            <span class="quiet"> {out ? "after" : ""} {span(facts.us[arrow.received] - facts.us[arrow.sent])}{out ? "" : " before"}</span>
            <span class="quiet"> · {facts.header.rules[arrow.rule]}</span>
            {arrow.duplicate ? <em class="duplicate">duplicate: it had arrived before</em> : null}
            {arrow.reordered ? <em class="reordered">reordered: one sent later had arrived before it</em> : null}
          </li>;
        })}
        {facts.isLost(event) ? <li><em class="lost">lost: no other role told of receiving it</em></li> : null}
        {facts.isUnknown(event) ? <li><em class="unknown">no other role told of sending it</em></li> : null}
      </ul>
    </section> : null}
    <section>
      <h3>as it was told {text !== null ? <button class="link" onClick={() => navigator.clipboard?.writeText(text).then(() => setCopied(true))}>{copied ? "copied" : "copy"}</button> : null}</h3>
      {text === null ? <p class="quiet">…</p> : text.length <= mostShown || whole ? <Json text={text} /> : <>
        <pre class="json">{visible(text.slice(0, mostShown / 16))} …</pre>
        <button onClick={() => setWhole(true)}>show all {(text.length / 1024 / 1024).toFixed(1)} MiB</button>
      </>}
    </section>
    {tied.length ? <section>
      <h3>speaks of</h3>
      {tied.map(object => <ObjectLine key={object} facts={facts} object={object} event={event} onSelect={onSelect} onObject={onObject} />)}
    </section> : null}
  </aside>;
}

function ObjectLine({ facts, object, event, onSelect, onObject }: { facts: Facts; object: number; event: number; onSelect(event: number): void; onObject(object: number): void }) {
  const events = facts.eventsOf(object);
  const own = facts.eventsOf(object, false);
  const others = facts.counterparts(object);
  const said = (one: number) => `${facts.kindOf(one)} ${facts.objectId[one]}${facts.nameOf(one) ? ` “${short(facts.nameOf(one))}”` : ""}`;
  const Link = ({ one }: { one: number }) => <button class={`link object k${facts.objectKind[one] % 4}`} data-object={one} title="show only what speaks of it" onClick={() => onObject(one)}>{visible(said(one))}</button>;
  const chain = facts.chain(object);
  return <div class="object-line">
    <p>{chain.map((one, i) => <>{i ? <span class="quiet"> › </span> : null}<Link one={one} /></>)} <span class="quiet">{events.length} {events.length === 1 ? "event" : "events"}</span></p>
    {others.map(other => <p class="other"><span class="quiet">in {facts.header.roles[facts.objectRole[other]]}: </span><Link one={other} /></p>)}
    {own.length > 1 && own.length <= 200 ? <ul>{own.filter(one => one !== event).slice(0, mostListed).map(one =>
      <li><button class="link" onClick={() => onSelect(one)}>{clock(facts.us[one])} {facts.typeOf(one)}</button></li>)}
      {own.length > mostListed + 1 ? <li class="quiet">… and {own.length - mostListed - 1} more</li> : null}</ul> : null}
  </div>;
}

function short(name: string): string { return name.length > 20 ? name.slice(0, 8) + "…" : name; }
