import type { Endpoint } from '../harness/subject.ts';
import type { Role } from '../harness/role-messages.ts';

/** What a network between the two ends is to be like; the same in both directions. */
export interface LinkShape {
  /** 10^6 bits a second, of all that passes. */
  readonly megabitsPerSecond: number;
  /** What the way there and back takes at the least, beside the time that the rate takes. */
  readonly roundTripMs: number;
}

/** A network between the processes of one measurement. Disposing of it leaves nothing behind. */
export interface Link extends AsyncDisposable {
  /** The address that the server is to listen on. */
  readonly serverHost: string;
  /** The command that each end's process is started through: a program with arguments, the process's own follow. May be empty. */
  readonly launchers: Readonly<Record<Role, readonly string[]>>;
  /** Rejects when the link is no more; otherwise stays as it is. */
  readonly failed: Promise<never>;
  /** Where a client meets the server that listens there. */
  reach(endpoint: Endpoint): Promise<Endpoint>;
}

/** How the links of a case are made: each measurement has a fresh one. */
export interface LinkPlan {
  /** A sentence for the reader of the table. */
  readonly description: string;
  open(): Promise<Link>;
}

/** How much may wait for its turn where a link is narrow, in milliseconds of its rate. */
export const MIN_QUEUE_MS = 50;

/** A link that is there as long as the machine is. */
export const NEVER_FAILS = new Promise<never>(() => undefined);
