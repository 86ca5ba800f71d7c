import { plainProgressLine, progressLines, type TransferView } from './progress-line.ts';
import type { Screen } from './screen.ts';

const REDRAW_INTERVAL_MS = 100;
const PLAIN_INTERVAL_MS = 1_000;

/**
 * Shows the transfers that run: on a terminal as live lines, elsewhere as a printed line for each, about once a second. A
 * transfer is known by any object.
 */
export class TransferBoard {
  readonly #screen: Screen;
  readonly #views = new Map<object, TransferView>();
  readonly #printedMs = new Map<object, number>();
  #redraw: NodeJS.Timeout | undefined;
  /** Lines below the transfers, on a terminal. */
  footer: () => readonly string[] = () => [];

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  get size(): number {
    return this.#views.size;
  }

  update(transfer: object, view: TransferView): void {
    const isNew = !this.#views.has(transfer);
    this.#views.set(transfer, view);
    if (this.#screen.isLive) this.#redraw ??= setTimeout(() => this.#draw(), isNew ? 0 : REDRAW_INTERVAL_MS);
    else this.#printNowAndThen(transfer, view, isNew);
  }

  /** The transfer has ended; `line` is what stays of it, if anything. */
  end(transfer: object, line?: string): void {
    this.#views.delete(transfer);
    this.#printedMs.delete(transfer);
    if (line !== undefined) this.#screen.print(line);
    this.#draw();
  }

  /** The footer has changed. */
  refresh(): void {
    if (this.#screen.isLive) this.#draw();
  }

  #draw(): void {
    clearTimeout(this.#redraw);
    this.#redraw = undefined;
    const lines = progressLines([...this.#views.values()], this.#screen);
    this.#screen.show([...lines, ...this.footer().map((line) => this.#screen.paint('dim', line))]);
  }

  #printNowAndThen(transfer: object, view: TransferView, isNew: boolean): void {
    const nowMs = performance.now();
    // The first line comes when there is something to tell.
    if (isNew) this.#printedMs.set(transfer, nowMs);
    if (nowMs - (this.#printedMs.get(transfer) ?? 0) < PLAIN_INTERVAL_MS) return;
    this.#printedMs.set(transfer, nowMs);
    this.#screen.print(plainProgressLine(view));
  }
}
