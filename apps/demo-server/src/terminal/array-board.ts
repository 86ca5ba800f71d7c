import type { ArrayProgress } from '@tcpcomm/large-array';
import { ArrayMeter } from './array-meter.ts';
import type { TransferBoard } from './transfer-board.ts';
import type { TransferTitle } from './transfer-title.ts';

/** Shows arrays on their way on a board of files. Each has a key, as arrays of several sessions have the same numbers. */
export class ArrayBoard {
  readonly #board: TransferBoard;
  readonly #meters = new Map<string, ArrayMeter>();

  constructor(board: TransferBoard) {
    this.#board = board;
  }

  update(key: string, title: TransferTitle, progress: ArrayProgress): void {
    const meter = this.#meters.get(key) ?? new ArrayMeter();
    this.#meters.set(key, meter);
    this.#board.update(meter, { ...title, progress: meter.measure(progress) });
  }

  /** It is not on its way any more; `line` is what stays of it, if anything. */
  end(key: string, line?: string): void {
    const meter = this.#meters.get(key) ?? {};
    this.#meters.delete(key);
    this.#board.end(meter, line);
  }
}
