import { Lane, laneOf } from '@tcpcomm/protocol';
import { ArrayLanes } from './array-lanes.ts';
import { sessionLost } from './engine/ending/close-reason.ts';
import type { RequestHandler } from './requests/request-options.ts';
import { RequestTable } from './requests/request-table.ts';
import type { Session } from './session.ts';
import type { SessionBackend } from './session-backend.ts';

/** What the lanes need of their session, beside its backend. */
export interface LaneOwner {
  readonly session: Session;
  /** Who answers requests on a channel for which the session itself has no handler. */
  handlerFor(channel: number): RequestHandler | undefined;
  /** Something went wrong that nobody waits for. */
  handleFailure(error: unknown): void;
}

/** What of a session goes over the lanes beside those of its messages: requests and arrays. */
export class SessionLanes {
  readonly requests: RequestTable;
  readonly arrays: ArrayLanes;
  readonly #backend: SessionBackend;

  constructor(backend: SessionBackend, owner: LaneOwner) {
    this.#backend = backend;
    this.requests = new RequestTable(owner, backend);
    this.arrays = new ArrayLanes(owner, backend);
  }

  handleMessage(lane: number, bytes: Uint8Array, creditBytes: number, epoch: number): void {
    if (laneOf(lane) === Lane.ARRAYS) this.arrays.handleMessage(lane, bytes, creditBytes, epoch);
    else {
      this.requests.handleMessage(lane, bytes, () => {
        this.#backend.consume(lane, creditBytes, epoch);
      });
    }
  }

  /** There is a peer that knows nothing of what was before. @param isAnother whether there was one before */
  handleNewPeer(isAnother: boolean): void {
    if (isAnother) this.requests.handleLost(sessionLost('what became of the request'));
    this.arrays.handleNewPeer(sessionLost('what became of the array'));
  }

  handleEnd(reason: Error): void {
    this.requests.handleLost(reason);
    this.arrays.handleEnd(reason);
  }
}
