import type { Load } from '../harness/subject.ts';

/** Many sessions of one server, all from one client process. */
export type SessionsLoad = ConnectLoad | IdleLoad | ChatterLoad;

/** Clients that come and go; `count` is how many. */
export interface ConnectLoad extends Load {
  readonly pattern: 'connect';
}

/** Sessions that say nothing; `count` is how many. */
export interface IdleLoad extends Load {
  readonly pattern: 'idle';
  /** All of them idle this long for each that there is: few, as when warming up, idle shortly. */
  readonly idleMsPerSession: number;
}

/** Sessions that all say a little; `count` is for how many milliseconds. */
export interface ChatterLoad extends Load {
  readonly pattern: 'chatter';
  readonly sessions: number;
  /** How often each of them sends a message. */
  readonly intervalMs: number;
  readonly messageBytes: number;
}

/** How many sessions there are at a time, at the most. */
export function sessionCount(load: SessionsLoad): number {
  switch (load.pattern) {
    case 'connect':
      return Math.min(load.count, MAX_UNDER_WAY);
    case 'idle':
      return load.count;
    case 'chatter':
      return load.sessions;
  }
}

/** How many clients may be connecting or closing at a time. */
export const MAX_UNDER_WAY = 50;
