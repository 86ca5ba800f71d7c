import { FRAME_HEADER_BYTES } from '@tcpcomm/protocol';
import { framePayloadBytesFor } from './frame-size.ts';
import type { OutputBatch } from './output-batch.ts';
import type { AcknowledgedSource } from './unacknowledged.ts';
import { PRIORITIES, type SendPolicy } from './send-policy.ts';

/** Something that has frames to send: a channel or a transfer. */
export interface FrameSource extends AcknowledgedSource {
  readonly policy: SendPolicy;
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

/** Of what more urgent ones send, each lower level with something to send is owed this part: a sixteenth. */
const GUARANTEED_SHARE = 1 / 16;

/** A source's place in the ring of its level. */
class Turn {
  readonly source: FrameSource;
  /** Bytes that the source may still send in this round; below 0 when its last frame was larger than what was left. */
  deficitBytes = 0;
  next: Turn = this;

  constructor(source: FrameSource) {
    this.source = source;
  }
}

/** The sources of one priority, in a circle. */
class Level {
  /** The one after it is next. */
  last: Turn | undefined;
  /** What the guaranteed share has brought, and has not been sent yet. */
  owedBytes = 0;

  append(turn: Turn): void {
    if (this.last) {
      turn.next = this.last.next;
      this.last.next = turn;
    } else {
      turn.next = turn;
    }
    this.last = turn;
  }

  removeNext(): void {
    if (this.last === undefined) return;
    const turn = this.last.next;
    if (turn === this.last) this.last = undefined;
    else this.last.next = turn.next;
  }

  removeAll(): Turn[] {
    const turns: Turn[] = [];
    while (this.last) {
      turns.push(this.last.next);
      this.removeNext();
    }
    return turns;
  }
}

/**
 * Decides whose frame leaves next: by priority, of which no level starves, and within one level by deficit round robin
 * (Shreedhar and Varghese, 1995), so that sources share by bytes and weights and not by frames. Every decision takes constant
 * time.
 */
export class Scheduler {
  readonly #levels = PRIORITIES.map(() => new Level());
  /** All that are in line or paused. */
  readonly #scheduled = new Set<FrameSource>();
  /** Those that their own rates hold back, out of line until the first of them may go on. */
  readonly #paused: Turn[] = [];
  #resumeMs = Infinity;
  /** Whose frame left last. */
  #lastSource: FrameSource | undefined;

  get lastSource(): FrameSource | undefined {
    return this.#lastSource;
  }

  /** When a source may go on that its own rate holds back; Infinity if there is none. */
  get resumeMs(): number {
    return this.#resumeMs;
  }

  /** Whether there is nobody in line, nor paused. */
  get isEmpty(): boolean {
    return this.#scheduled.size === 0;
  }

  /** Puts a source in line; one that already is stays where it is. It leaves by itself when it is no longer ready. */
  activate(source: FrameSource): void {
    if (this.#scheduled.has(source)) return;
    this.#scheduled.add(source);
    this.#enter(new Turn(source));
  }

  /** Looks again at what is paused, and who belongs where: a rate or a priority has changed. */
  reconsider(): void {
    if (this.#paused.length > 0) this.#resumeMs = -Infinity;
    for (const level of this.#levels) for (const turn of level.removeAll()) this.#enter(turn);
  }

  /** Moves the next frame into the batch and returns its bytes, 0 if no source may send. */
  takeFrame(maxPayloadBytes: number, batch: OutputBatch, nowMs: number): number {
    if (nowMs >= this.#resumeMs) this.#resume();
    for (let level = 1; level < PRIORITIES.length; level += 1) {
      if (this.#levels[level]!.owedBytes < maxPayloadBytes + FRAME_HEADER_BYTES) continue;
      const taken = this.#takeFrom(level, maxPayloadBytes, batch, nowMs);
      if (taken > 0) return taken;
    }
    for (let level = 0; level < PRIORITIES.length; level += 1) {
      const taken = this.#takeFrom(level, maxPayloadBytes, batch, nowMs);
      if (taken > 0) return taken;
    }
    return 0;
  }

  #takeFrom(index: number, maxPayloadBytes: number, batch: OutputBatch, nowMs: number): number {
    const level = this.#levels[index]!;
    for (;;) {
      const { last } = level;
      if (last === undefined) {
        level.owedBytes = 0;
        return 0;
      }
      const turn = last.next;
      const { source } = turn;
      if (!source.isReady) {
        level.removeNext();
        this.#scheduled.delete(source);
      } else if (this.#pauses(turn, nowMs)) {
        level.removeNext();
      } else if (turn.deficitBytes <= 0 && turn !== last) {
        // Its round is over: the next one begins when the others have had theirs.
        turn.deficitBytes += source.policy.weight * (maxPayloadBytes + FRAME_HEADER_BYTES);
        level.last = turn;
      } else {
        // A low rate of its own means small frames, or one of them would be a burst of seconds.
        const ownPayloadBytes = framePayloadBytesFor(source.policy.bytesPerSecond);
        const taken = source.takeFrame(Math.min(maxPayloadBytes, ownPayloadBytes), batch);
        source.policy.handleSent(taken, nowMs);
        this.#lastSource = source;
        // Alone in its ring it owes nobody anything.
        turn.deficitBytes = turn === last ? 0 : turn.deficitBytes - taken;
        this.#account(index, taken, maxPayloadBytes);
        return taken;
      }
    }
  }

  #enter(turn: Turn): void {
    this.#levels[turn.source.policy.level]!.append(turn);
  }

  /** Puts the turn aside if its own rate holds it back. */
  #pauses(turn: Turn, nowMs: number): boolean {
    const delayMs = turn.source.policy.delayMs(nowMs);
    if (delayMs <= 0) return false;
    this.#paused.push(turn);
    this.#resumeMs = Math.min(this.#resumeMs, nowMs + delayMs);
    return true;
  }

  #resume(): void {
    this.#resumeMs = Infinity;
    for (const turn of this.#paused.splice(0)) this.#enter(turn);
  }

  /** What one level sends brings those below it nearer to a turn of their own. */
  #account(index: number, taken: number, maxPayloadBytes: number): void {
    const sender = this.#levels[index]!;
    sender.owedBytes = Math.max(0, sender.owedBytes - taken);
    for (let below = index + 1; below < PRIORITIES.length; below += 1) {
      const level = this.#levels[below]!;
      if (level.last === undefined) continue;
      // What cannot be used now, for want of credit say, is not saved up.
      const most = 2 * (maxPayloadBytes + FRAME_HEADER_BYTES);
      level.owedBytes = Math.min(most, level.owedBytes + taken * GUARANTEED_SHARE);
    }
  }
}
