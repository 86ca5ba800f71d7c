import { FRAME_HEADER_BYTES } from '@tcpcomm/protocol';
import type { OutputBatch } from './output-batch.ts';

/** What a source sends; a lower number goes first, always. Control frames are above all of them and not scheduled. */
export const Priority = {
  MESSAGES: 0,
  FILES: 1,
} as const;
export type Priority = (typeof Priority)[keyof typeof Priority];
const PRIORITY_COUNT = Object.keys(Priority).length;

/** Something that has frames to send: a channel or a transfer. */
export interface FrameSource {
  readonly priority: Priority;
  /** Whether it has a frame that the peer's credit allows. */
  readonly isReady: boolean;
  /**
   * Moves its next frame, or a run of small ones of about the same size together, into the batch.
   *
   * @param maxPayloadBytes of one frame
   * @returns the frame bytes moved, greater than 0 if `isReady` was true
   */
  takeFrame(maxPayloadBytes: number, batch: OutputBatch): number;
}

/** A source's place in the ring of its priority. */
class Turn {
  readonly source: FrameSource;
  /** Bytes that the source may still send in this round; below 0 when its last frame was larger than what was left. */
  deficitBytes = 0;
  next: Turn = this;

  constructor(source: FrameSource) {
    this.source = source;
  }
}

/**
 * Decides whose frame leaves next: strictly by priority, and within one priority by deficit round robin (Shreedhar and
 * Varghese, 1995), so that sources share by bytes and not by frames. Every decision takes constant time.
 */
export class Scheduler {
  /** For each priority its ring of turns, by the last one; the one after it is next. */
  readonly #lastTurns: (Turn | undefined)[] = new Array<undefined>(PRIORITY_COUNT).fill(undefined);
  readonly #scheduled = new Set<FrameSource>();

  /** Puts a source in line; one that already is stays where it is. It leaves by itself when it is no longer ready. */
  activate(source: FrameSource): void {
    if (this.#scheduled.has(source)) return;
    this.#scheduled.add(source);
    const turn = new Turn(source);
    const last = this.#lastTurns[source.priority];
    if (last) {
      turn.next = last.next;
      last.next = turn;
    }
    this.#lastTurns[source.priority] = turn;
  }

  /** Moves the next frame into the batch and returns its bytes, 0 if no source is ready. */
  takeFrame(maxPayloadBytes: number, batch: OutputBatch): number {
    for (let priority = 0; priority < PRIORITY_COUNT; priority += 1) {
      const taken = this.#takeFromRing(priority, maxPayloadBytes, batch);
      if (taken > 0) return taken;
    }
    return 0;
  }

  #takeFromRing(priority: number, maxPayloadBytes: number, batch: OutputBatch): number {
    for (;;) {
      const last = this.#lastTurns[priority];
      if (last === undefined) return 0;
      const turn = last.next;
      if (!turn.source.isReady) {
        this.#remove(priority, last, turn);
      } else if (turn.deficitBytes <= 0 && turn !== last) {
        // Its round is over: the next one begins when the others have had theirs.
        turn.deficitBytes += maxPayloadBytes + FRAME_HEADER_BYTES;
        this.#lastTurns[priority] = turn;
      } else {
        const taken = turn.source.takeFrame(maxPayloadBytes, batch);
        // Alone in its ring it owes nobody anything.
        turn.deficitBytes = turn === last ? 0 : turn.deficitBytes - taken;
        return taken;
      }
    }
  }

  #remove(priority: number, last: Turn, turn: Turn): void {
    this.#scheduled.delete(turn.source);
    if (turn === last) this.#lastTurns[priority] = undefined;
    else last.next = turn.next;
  }
}
