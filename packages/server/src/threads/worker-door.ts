import type { AddressInfo } from 'node:net';
import type { TcpCommError } from '@tcpcomm/protocol';
import { fromCloneable } from '@tcpcomm/session';
import type { RejectedConnection } from '../reception.ts';
import type { WorkplaceEvents } from '../workplace.ts';
import { RemoteApplicant } from './remote-applicant.ts';
import type { FromDoor, ToDoor, ToldApplicant } from './worker-messages.ts';

/** The door of a worker that listens itself, as the server has it. */
export class WorkerDoor {
  readonly #threadId: number;
  readonly #post: (message: ToDoor) => void;
  readonly #events: WorkplaceEvents;
  /** Those that wait there, each with what ends the hope that somebody has for it. */
  readonly #waiting = new Map<number, AbortController>();
  #opening: PromiseWithResolvers<AddressInfo> | undefined;
  #isClosed = false;
  #lostReason: TcpCommError | undefined;

  constructor(threadId: number, post: (message: ToDoor) => void, events: WorkplaceEvents) {
    this.#threadId = threadId;
    this.#post = post;
    this.#events = events;
  }

  /** Throws as `Listener.open`, and when the worker is lost. */
  open(port: number, host: string | undefined): Promise<AddressInfo> {
    if (this.#lostReason) return Promise.reject(this.#lostReason);
    this.#opening = Promise.withResolvers();
    this.#post({ kind: 'listen', port, host });
    return this.#opening.promise;
  }

  /** Nobody comes in any more, whatever has been decided. */
  close(): void {
    this.#isClosed = true;
    this.#post({ kind: 'close-door' });
    this.#sendAway(undefined);
  }

  handle(message: FromDoor): void {
    if (message.kind === 'listening') this.#opening?.resolve(message.address);
    else if (message.kind === 'listen-failed') this.#opening?.reject(fromCloneable(message.error));
    else if (message.kind === 'applicant') this.#receive(message);
    else if (message.kind === 'applicant-gone') {
      this.#waiting.get(message.id)?.abort();
      this.#waiting.delete(message.id);
    } else if (message.kind === 'rejected') {
      this.#events.onRejected(fromCloneable(message.rejected) as RejectedConnection);
    } else this.#events.onAcceptFailed(fromCloneable(message.error) as Error);
  }

  #receive(told: ToldApplicant): void {
    // It came when the door was being closed, and is sent away there.
    if (this.#isClosed) return;
    const gone = new AbortController();
    this.#waiting.set(told.id, gone);
    const applicant = new RemoteApplicant(told, {
      threadId: this.#threadId,
      gone: gone.signal,
      post: this.#post,
      onLeft: () => this.#waiting.delete(told.id),
    });
    this.#events.onApplicant(applicant);
  }

  /** The worker has ended, and whoever waited there with it. */
  handleLost(error: TcpCommError): void {
    this.#lostReason = error;
    this.#opening?.promise.catch(() => undefined);
    this.#opening?.reject(error);
    this.#sendAway(error);
  }

  #sendAway(reason: Error | undefined): void {
    for (const gone of this.#waiting.values()) gone.abort(reason);
    this.#waiting.clear();
  }
}
