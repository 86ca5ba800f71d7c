import type { Socket } from 'node:net';
import { codeOfWireError, ConnectionRejectedError, type TcpCommError } from '@tcpcomm/protocol';
import { prepareAccepted, ServerHandshake, Transport } from '@tcpcomm/session';
import { tooMany } from './accept-queue.ts';
import { RETRY_AFTER_MS } from './admission.ts';
import { LocalApplicant } from './local-applicant.ts';
import type { ServerSetup } from './server-options.ts';

/** A connection that did not become a session, for whatever reason. */
export interface RejectedConnection {
  readonly error: TcpCommError;
  readonly remoteAddress: string | undefined;
  /** Undefined if it never said. */
  readonly machineId: string | undefined;
}

/** What of a server's options it takes to receive connections. */
export type ReceptionSetup = Pick<ServerSetup, 'maxPendingHandshakes' | 'handshakeTimeoutMs'>;

export interface ReceptionEvents {
  onApplicant(applicant: LocalApplicant): void;
  onRejected(rejected: RejectedConnection): void;
}

/** How long it is waited for the first words of a client that will be told to come back. */
const TURN_AWAY_MS = 1_000;

/** Connections during their handshake, each with what ends the hope that somebody has for it. */
type Pending = Map<Transport, AbortController>;

/** Receives connections: holds them during the handshake, and passes on who has introduced itself. */
export class Reception {
  readonly #setup: ReceptionSetup;
  readonly #events: ReceptionEvents;
  readonly #pending: Pending = new Map();
  /** Those that came when there were too many. */
  readonly #turnedAway: Pending = new Map();

  constructor(setup: ReceptionSetup, events: ReceptionEvents) {
    this.#setup = setup;
    this.#events = events;
  }

  /** Takes a paused socket. Where there are too many it is told so as soon as it has introduced itself; beyond a bound it is not even told. */
  receive(socket: Socket): void {
    const { maxPendingHandshakes, handshakeTimeoutMs } = this.#setup;
    if (this.#pending.size < maxPendingHandshakes) {
      this.#greet(socket, this.#pending, handshakeTimeoutMs, this.#events.onApplicant.bind(this.#events));
    } else if (this.#turnedAway.size < maxPendingHandshakes) {
      this.#greet(socket, this.#turnedAway, Math.min(TURN_AWAY_MS, handshakeTimeoutMs), (applicant) => {
        applicant.reject(tooMany(RETRY_AFTER_MS));
      });
    } else this.#reset(socket);
  }

  /** Sends away all that have not come in yet: nobody does any more. */
  close(): void {
    for (const pending of [this.#pending, this.#turnedAway]) {
      for (const [transport, gone] of pending) {
        gone.abort();
        transport.destroy();
      }
    }
  }

  #greet(socket: Socket, pending: Pending, timeoutMs: number, onHello: (applicant: LocalApplicant) => void): void {
    const prepared = prepareAccepted(socket);
    const { remoteAddress } = prepared.socket;
    const nowMs = performance.now();
    const gone = new AbortController();
    let machineId: string | undefined;
    const handshake = new ServerHandshake(
      {
        onHello: (hello) => {
          machineId = hello.machineId;
          const applicant = new LocalApplicant({
            ...{ hello, transport, handshake, deadlineMs: nowMs + timeoutMs, gone: gone.signal },
            onLeft: () => pending.delete(transport),
          });
          // Whoever says more before it is answered is refused, and what came with HELLO has been looked at by then.
          queueMicrotask(() => {
            if (!gone.signal.aborted) onHello(applicant);
          });
        },
        onFailed: (error) => {
          gone.abort(error);
          void transport.closed.then(() => pending.delete(transport));
          this.#events.onRejected({ error, remoteAddress, machineId });
        },
      },
      timeoutMs,
      nowMs,
    );
    const transport = new Transport(prepared.socket, handshake, prepared.reading);
    pending.set(transport, gone);
  }

  #reset(socket: Socket): void {
    const { remoteAddress } = socket;
    socket.resetAndDestroy();
    const { code, message, retryAfterMs } = tooMany(RETRY_AFTER_MS);
    const error = new ConnectionRejectedError(code, `${codeOfWireError(code)}: ${message}`, retryAfterMs);
    this.#events.onRejected({ error, remoteAddress, machineId: undefined });
  }
}
