import type { Load } from '../harness/subject.ts';
import type { Stretch } from '../measure/arrival-log.ts';
import { machineMs } from '../measure/stamped-message.ts';

/** Messages without pause through a throttle; `count` is for how many milliseconds they are measured. */
export type ThrottleLoad = SteadyLoad | SharedLoad | ChangingLoad;

/** One session at one rate. */
export interface SteadyLoad extends Load {
  readonly pattern: 'steady';
  readonly bytesPerSecond: number;
  readonly direction: 'down' | 'up' | 'both';
}

/** A total rate divided among sessions. */
export interface SharedLoad extends Load {
  readonly pattern: 'shared';
  readonly totalBytesPerSecond: number;
  /** One for each session. */
  readonly weights: readonly number[];
}

/** One session, whose rate changes again and again. */
export interface ChangingLoad extends Load {
  readonly pattern: 'changing';
  readonly fromBytesPerSecond: number;
  readonly toBytesPerSecond: number;
}

const MESSAGE_BYTES = 4096;
const FRAME_HEADER_BYTES = 8;
const MAX_SETTLING_MS = 1000;

export const message: Uint8Array = Buffer.alloc(MESSAGE_BYTES, 'tcpcomm');

/** What the throttle counts for a message. */
export function wireBytes(bytes: Uint8Array): number {
  return bytes.length + FRAME_HEADER_BYTES;
}

/** What is measured of a run that begins now: not its first second. */
export function measuredStretch({ count }: Load): Stretch {
  const fromMs = machineMs() + Math.min(MAX_SETTLING_MS, count / 5);
  return { fromMs, toMs: fromMs + count };
}
