import type { Socket } from 'node:net';
import {
  codeOfWireError,
  CONTROL_CHANNEL,
  ConnectionRejectedError,
  encodeControlMessage,
  encodeFrame,
  encodePreface,
  FrameType,
  type Hello,
  type Reject,
  type TcpCommError,
  type Welcome,
  WireError,
} from '@tcpcomm/protocol';
import { prepareAccepted, ServerHandshake, Transport } from '@tcpcomm/session';
import { AcceptQueue } from './accept-queue.ts';
import type { ServerSetup } from './server-options.ts';

/** A connection that did not become a session, for whatever reason. */
export interface RejectedConnection {
  readonly error: TcpCommError;
  readonly remoteAddress: string | undefined;
  /** Undefined if it never said. */
  readonly machineId: string | undefined;
}

/** A client that has introduced itself and waits for the answer. */
export interface Applicant {
  readonly hello: Hello;
  readonly transport: Transport;
  readonly remoteAddress: string | undefined;
  /** Aborts when the client has gone, or took too long. */
  readonly gone: AbortSignal;
  /** Lets it in; the session takes over the transport in the same turn. */
  welcome(welcome: Welcome): void;
  reject(reject: Reject): void;
}

export interface ReceptionEvents {
  onApplicant(applicant: Applicant): void;
  onRejected(rejected: RejectedConnection): void;
}

const RETRY_AFTER_MS = 1_000;

/** Receives connections: holds them during the handshake, and passes on who has introduced itself. */
export class Reception {
  readonly #setup: ServerSetup;
  readonly #events: ReceptionEvents;
  readonly #queue: AcceptQueue;
  readonly #waiting = new Set<Transport>();
  readonly #leaving = new Set<Socket>();

  constructor(setup: ServerSetup, events: ReceptionEvents) {
    this.#setup = setup;
    this.#events = events;
    this.#queue = new AcceptQueue(setup.acceptsPerSecond, this.#receive.bind(this));
  }

  receive(socket: Socket): void {
    if (this.#waiting.size + this.#queue.size < this.#setup.maxPendingHandshakes) this.#queue.enter(socket);
    else this.#turnAway(socket);
  }

  /** Sends away all that have not come in yet. */
  close(): void {
    this.#queue.close();
    for (const transport of this.#waiting) transport.destroy();
    for (const socket of this.#leaving) socket.destroy();
  }

  #receive(socket: Socket): void {
    const prepared = prepareAccepted(socket);
    const { remoteAddress } = prepared.socket;
    const gone = new AbortController();
    let machineId: string | undefined;
    const handshake = new ServerHandshake(
      {
        onHello: (hello) => {
          machineId = hello.machineId;
          this.#events.onApplicant({
            ...{ hello, transport, remoteAddress, gone: gone.signal },
            welcome: (welcome) => {
              this.#waiting.delete(transport);
              handshake.welcome(welcome);
            },
            reject: (reject) => {
              handshake.reject(reject);
            },
          });
        },
        onFailed: (error) => {
          gone.abort(error);
          this.#events.onRejected({ error, remoteAddress, machineId });
        },
      },
      this.#setup.handshakeTimeoutMs,
      performance.now(),
    );
    const transport = new Transport(prepared.socket, handshake, prepared.reading);
    this.#waiting.add(transport);
    void transport.closed.then(() => this.#waiting.delete(transport));
  }

  /** There are too many at once: as soon as it has said something it is told to come back. Beyond a bound it is not even told. */
  #turnAway(socket: Socket): void {
    const code = WireError.SERVER_BUSY;
    const message = 'too many clients want to come in at once';
    if (this.#leaving.size < this.#setup.maxPendingHandshakes) {
      this.#leaving.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#leaving.delete(socket));
      socket.setTimeout(RETRY_AFTER_MS, () => socket.destroy());
      socket.once('data', () => {
        const payload = encodeControlMessage(FrameType.REJECT, { code, message, retryAfterMs: RETRY_AFTER_MS });
        socket.write(encodePreface());
        socket.end(encodeFrame(FrameType.REJECT, CONTROL_CHANNEL, 0, 0, payload));
      });
      socket.once('end', () => socket.destroySoon());
      socket.resume();
    } else socket.resetAndDestroy();
    const error = new ConnectionRejectedError(code, `${codeOfWireError(code)}: ${message}`, RETRY_AFTER_MS);
    this.#events.onRejected({ error, remoteAddress: socket.remoteAddress, machineId: undefined });
  }
}
