import type { Interface } from 'node:readline';
import { inspect, styleText } from 'node:util';
import stringWidth from 'string-width';

export type Style = keyof typeof inspect.colors;

/** What a screen needs of a terminal, or of what stands in its place. */
export interface ScreenStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** Whether its reader wants colours (NO_COLOR, FORCE_COLOR). */
  hasColors?(): boolean;
  write(text: string): unknown;
}

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/**
 * A place where lines for people go. On a terminal the last lines may be live: they are written over, and what is printed goes
 * above them. Elsewhere there are only printed lines, without any escape sequence.
 *
 * Why this is no library: cli-progress has had no release since 2024, and log-update takes the whole bottom of the terminal for
 * itself, so the input line of a chat could not stand below the progress bars.
 */
export class Screen {
  readonly #stream: ScreenStream;
  #live: readonly string[] = [];
  #input: Interface | undefined;

  constructor(stream: ScreenStream = process.stdout) {
    this.#stream = stream;
  }

  /** Whether live lines can be shown. */
  get isLive(): boolean {
    return this.#stream.isTTY === true && process.env.TERM !== 'dumb';
  }

  get columns(): number {
    return positiveOr(DEFAULT_COLUMNS, this.#stream.columns);
  }

  /** Colours text, where the reader is a terminal that has not been asked for none (NO_COLOR). */
  paint(style: Style | Style[], text: string): string {
    const isColoured = this.isLive && this.#stream.hasColors?.() === true;
    return isColoured ? styleText(style, text, { validateStream: false }) : text;
  }

  /** Prints lines that stay. */
  print(text: string): void {
    if (this.isLive) this.#repaint(`${text}\n`, this.#live);
    else this.#stream.write(`${text}\n`);
  }

  /** Sets the live lines, each to fit into one row; none takes them away. Does nothing where there is no terminal. */
  show(lines: readonly string[]): void {
    if (!this.isLive || (lines.length === 0 && this.#live.length === 0)) return;
    // What has scrolled off the screen cannot be written over.
    const room = Math.max(1, positiveOr(DEFAULT_ROWS, this.#stream.rows) - 2);
    const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `… and ${lines.length - room + 1} more`];
    this.#repaint('', shown);
  }

  /** From now on an input line stands below everything else, until it is closed; what is entered becomes a printed line. */
  attachInput(input: Interface): void {
    this.#input = input;
    input.on('line', (line) => {
      const entered = input.getPrompt() + line;
      // The cursor is below the entered text by now. readline starts a row when the one before is full.
      const rows = Math.floor(stringWidth(entered) / this.columns) + 1;
      if (this.#input === input) this.#repaint(line.trim() === '' ? '' : `${entered}\n`, this.#live, rows);
    });
    input.once('close', () => {
      // What was typed and not entered goes.
      const cursorRow = input.getCursorPos().rows;
      this.#input = undefined;
      this.#repaint('', this.#live, cursorRow);
    });
  }

  #repaint(printed: string, live: readonly string[], cursorRow = this.#input?.getCursorPos().rows ?? 0): void {
    const up = this.#rowsOf(this.#live) + cursorRow;
    const toTheTop = up > 0 ? `\x1b[${up}A` : '';
    const lines = live.map((line) => `${line}\n`).join('');
    this.#live = live;
    const inputRow = this.#input === undefined ? 0 : believedRow(this.#input);
    this.#stream.write(`\r${toTheTop}\x1b[J${printed}${lines}${'\n'.repeat(inputRow)}`);
    this.#input?.prompt(true);
  }

  /** A terminal that has become narrower has wrapped what it showed. */
  #rowsOf(lines: readonly string[]): number {
    return lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(stringWidth(line) / this.columns)), 0);
  }
}

/**
 * readline draws its line again from so many rows above the cursor. It is the row that the cursor was in when it last did so;
 * a line that was pasted is longer by now.
 */
function believedRow(input: Interface): number {
  return (input as { prevRows?: number }).prevRows ?? input.getCursorPos().rows;
}

/** A terminal that does not tell its size says 0. */
function positiveOr(fallback: number, value: number | undefined): number {
  return value !== undefined && value > 0 ? value : fallback;
}
