import type { Load } from '../harness/subject.ts';
import type { LargeFileLoad } from './file-load.ts';
import type { MessageLoad } from './message-load.ts';

/** What is done over threads, and without. */
export type ThreadsLoad = LargeFileLoad | MessagesLoad | BlockedLoad | ComputingLoad;

export interface MessagesLoad extends MessageLoad {
  readonly kind: 'messages';
}

/** A message to the server and back, `count` times at equal intervals, while the thread that made the server does nothing for most of the time. */
export interface BlockedLoad extends Load {
  readonly kind: 'blocked';
  readonly intervalMs: number;
}

/** `count` messages from several clients, of which each waits for its answer, and each takes the server a while to compute. */
export interface ComputingLoad extends Load {
  readonly kind: 'computing';
  readonly clients: number;
  readonly computingMs: number;
}

const BLOCKED_SHARE = 0.625;

/** How long that thread does nothing. */
export function blockedMs({ count, intervalMs }: BlockedLoad): number {
  return count * intervalMs * BLOCKED_SHARE;
}
