// Where the page's data comes from: the program that serves it, or the file that it stands in (docs/inspector.md).
import { About, Report } from "./report";

export interface Line { text: string; bytes: number; whole: boolean }

export interface Source {
  report(): Promise<Report>;
  about(): Promise<About>;
  // With `first`: of the first events only, when reading them all would take long.
  facts(cell: string, attempt: number, first?: number): Promise<ArrayBuffer>;
  // The lines of the events from..to (without the last); fewer may come.
  lines(cell: string, attempt: number, from: number, to: number): Promise<Line[]>;
  line(cell: string, attempt: number, at: number): Promise<string>;
  search(cell: string, attempt: number, words: string): Promise<{ found: number[]; more: boolean }>;
}

const mostFound = 200_000;

class Served implements Source {
  private async get(path: string): Promise<Response> {
    const response = await fetch(path);
    if (!response.ok) throw new Error((await response.text()).trim());
    return response;
  }
  private where(cell: string, attempt: number): string { return `cell=${encodeURIComponent(cell)}&attempt=${attempt}`; }

  async report() { return (await this.get("report.json")).json(); }
  async about() { return (await this.get("about.json")).json(); }
  async facts(cell: string, attempt: number, first?: number) {
    return (await this.get(`facts?${this.where(cell, attempt)}${first === undefined ? "" : `&first=${first}`}`)).arrayBuffer();
  }
  async lines(cell: string, attempt: number, from: number, to: number) {
    const answer = await (await this.get(`lines?${this.where(cell, attempt)}&from=${from}&to=${to}`)).json();
    return answer.lines.map((line: string | { bytes: number; head: string }) =>
      typeof line === "string" ? { text: line, bytes: line.length, whole: true } : { text: line.head, bytes: line.bytes, whole: false });
  }
  async line(cell: string, attempt: number, at: number) {
    return (await this.get(`line?${this.where(cell, attempt)}&at=${at}`)).text();
  }
  async search(cell: string, attempt: number, words: string) {
    return (await this.get(`search?${this.where(cell, attempt)}&q=${encodeURIComponent(words)}`)).json();
  }
}

class Embedded implements Source {
  private parts = new Map<string, string>();
  private texts = new Map<string, Promise<string[]>>();

  constructor(elements: NodeListOf<HTMLElement>) {
    for (const element of elements) this.parts.set(element.dataset.name ?? "", element.textContent ?? "");
  }

  private async bytes(name: string): Promise<ArrayBuffer> {
    const base64 = this.parts.get(name);
    if (base64 === undefined) throw new Error("this timeline is not in this file; `interoper inspect` shows it");
    const text = atob(base64);
    const packed = new Uint8Array(text.length);
    for (let i = 0; i < text.length; ++i) packed[i] = text.charCodeAt(i);
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer();
  }
  private async text(name: string): Promise<string> { return new TextDecoder().decode(await this.bytes(name)); }
  private all(cell: string, attempt: number): Promise<string[]> {
    const name = `lines ${cell} ${attempt}`;
    let lines = this.texts.get(name);
    if (!lines) {
      // Only whole objects count, as they do for who made the facts.
      lines = this.text(name).then(text => text.split("\n").filter(line => {
        if (line[0] !== "{") return false;
        try { JSON.parse(line); return true; } catch { return false; }
      }));
      this.texts.set(name, lines);
    }
    return lines;
  }

  async report() { return JSON.parse(await this.text("report.json")); }
  async about() { return { ...JSON.parse(await this.text("about.json")), goes_on: false }; }  // a file follows nothing
  facts(cell: string, attempt: number) { return this.bytes(`facts ${cell} ${attempt}`); }
  async lines(cell: string, attempt: number, from: number, to: number) {
    return (await this.all(cell, attempt)).slice(from, to).map(text => ({ text, bytes: text.length, whole: true }));
  }
  async line(cell: string, attempt: number, at: number) { return (await this.all(cell, attempt))[at]; }
  async search(cell: string, attempt: number, words: string) {
    // As a line holds the words, and as they stand inside a JSON string.
    const plain = words.toLowerCase();
    const escaped = JSON.stringify(words).slice(1, -1).toLowerCase();
    const found: number[] = [];
    (await this.all(cell, attempt)).forEach((line, at) => {
      const text = line.toLowerCase();
      if (plain && found.length < mostFound && (text.includes(plain) || text.includes(escaped))) found.push(at);
    });
    return { found, more: found.length >= mostFound };
  }
}

export function openSource(): Source {
  const parts = document.querySelectorAll<HTMLElement>("script.part");
  return parts.length ? new Embedded(parts) : new Served();
}
