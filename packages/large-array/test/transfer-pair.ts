import {
  type ArrayDescription,
  type LargeArray,
  LargeArrayTransfer,
  type LargeArrayTransferOptions,
} from '../src/index.ts';
import { deliverAll, TestPort } from './port-pair.ts';

export interface Failure {
  readonly error: Error;
  readonly description: ArrayDescription | undefined;
}

/** An end of a pair whose arrays are collected as they come, and so are its failures. */
export class CollectingEnd {
  readonly port: TestPort;
  readonly transfer: LargeArrayTransfer;
  readonly failures: Failure[] = [];
  readonly taken: LargeArray[] = [];
  /** Of the collecting: resolves when the iteration has ended. */
  done: Promise<void> | undefined;

  constructor(port: TestPort, options: LargeArrayTransferOptions = {}) {
    this.port = port;
    this.transfer = new LargeArrayTransfer(port, {
      onFailure: (error, description) => this.failures.push({ error, description }),
      ...options,
    });
  }

  get failureCodes(): unknown[] {
    return this.failures.map(({ error }) => (error as { code?: unknown }).code);
  }

  /** Begins to take arrays. */
  collect(): void {
    this.done = this.#collect();
  }

  async #collect(): Promise<void> {
    for await (const array of this.transfer) this.taken.push(array);
  }
}

export interface TransferPair {
  readonly left: CollectingEnd;
  readonly right: CollectingEnd;
  deliverAll(): Promise<void>;
}

/** Two ends that know each other's limits; nothing is taken until `collect` is called. */
export async function transferPair(
  options: { left?: LargeArrayTransferOptions; right?: LargeArrayTransferOptions } = {},
): Promise<TransferPair> {
  const [leftPort, rightPort] = TestPort.pair();
  const left = new CollectingEnd(leftPort, options.left);
  const right = new CollectingEnd(rightPort, options.right);
  await deliverAll(leftPort, rightPort);
  return { left, right, deliverAll: () => deliverAll(leftPort, rightPort) };
}

/** What became of a promise, told without waiting for it. */
export interface Watched {
  outcome: 'pending' | 'resolved' | 'rejected';
  reason: unknown;
}

export function watch(promise: Promise<unknown>): Watched {
  const watched: Watched = { outcome: 'pending', reason: undefined };
  promise.then(
    () => {
      watched.outcome = 'resolved';
    },
    (reason: unknown) => {
      watched.outcome = 'rejected';
      watched.reason = reason;
    },
  );
  return watched;
}
