import type { Usage } from '../measure/usage.ts';
import type { Metrics } from './metrics.ts';
import type { Endpoint, Load } from './subject.ts';

export type Role = 'server' | 'client';

/** Which end of which subject a process is to be. */
export interface Part {
  readonly suiteUrl: string;
  readonly subject: string;
  readonly folder: string;
}

/** From the harness to a subject's process, one at a time. */
export type Question =
  | { readonly kind: 'serve'; readonly part: Part; readonly load: Load; readonly host: string }
  | { readonly kind: 'drive'; readonly part: Part; readonly load: Load; readonly endpoint: Endpoint }
  | { readonly kind: 'run'; readonly load: Load }
  | { readonly kind: 'check'; readonly load: Load }
  | { readonly kind: 'usage' }
  | { readonly kind: 'stop' };

/** Back again, one for each question. */
export interface AnswerByKind {
  readonly serve: Endpoint;
  readonly drive: null;
  readonly run: Metrics;
  readonly check: null;
  /** Null where it cannot be told. */
  readonly usage: Usage | null;
  readonly stop: null;
}

export type Answer = { readonly value: AnswerByKind[keyof AnswerByKind] } | { readonly error: string };
