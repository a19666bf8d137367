// The lines of a timeline, loaded by pieces around what is looked at.
import { Line, Source } from "./source";

const pieceLines = 256;
// Some megabytes; what was not looked at for longest goes first.
const mostPieces = 64;

export class Lines {
  private pieces = new Map<number, Line[] | null>();
  constructor(private source: Source, private cell: string, private attempt: number, private arrived: () => void) {}

  // The line, when it is here; else it is asked for, and `arrived` is called later.
  at(event: number): Line | undefined {
    const piece = Math.floor(event / pieceLines);
    const there = this.pieces.get(piece);
    if (there === undefined) this.load(piece);
    return there?.[event - piece * pieceLines];
  }

  // More lines have come: pieces that ended early are asked for again.
  grown(): void {
    for (const [piece, lines] of this.pieces) if (lines && lines.length < pieceLines) this.load(piece, lines);
  }

  private load(piece: number, meanwhile: Line[] | null = null): void {
    this.pieces.set(piece, meanwhile);
    if (this.pieces.size > mostPieces) this.pieces.delete(this.pieces.keys().next().value!);
    this.source.lines(this.cell, this.attempt, piece * pieceLines, (piece + 1) * pieceLines).then(lines => {
      this.pieces.set(piece, lines);
      this.arrived();
    }, () => {});
  }
}
