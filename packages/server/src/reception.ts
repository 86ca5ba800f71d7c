import type { Socket } from 'node:net';
import { type Hello, type Reject, type Settings, type TcpCommError, type Welcome } from '@tcpcomm/protocol';
import { prepareAccepted, ServerHandshake, type SessionTerms, Transport } from '@tcpcomm/session';
import type { ServerSetup } from './server-options.ts';

/** A connection that did not become a session, for whatever reason. */
export interface RejectedConnection {
  readonly error: TcpCommError;
  readonly remoteAddress: string | undefined;
  /** Undefined if it never said. */
  readonly machineId: string | undefined;
}

export interface ReceptionEvents {
  /** Whether this client is refused, and why. */
  decide(hello: Hello): Reject | undefined;
  /** The number for a session that is about to begin, and its pace. */
  terms(): { readonly sessionId: number; readonly pace: Settings };
  onAccepted(transport: Transport, terms: SessionTerms): void;
  onRejected(rejected: RejectedConnection): void;
}

const AGENT = 'tcpcomm-node';

/** Receives connections: holds them during the handshake and passes on those that are accepted. */
export class Reception {
  readonly #setup: ServerSetup;
  readonly #events: ReceptionEvents;
  readonly #waiting = new Set<Transport>();

  constructor(setup: ServerSetup, events: ReceptionEvents) {
    this.#setup = setup;
    this.#events = events;
  }

  receive(socket: Socket): void {
    const prepared = prepareAccepted(socket);
    const { remoteAddress } = prepared.socket;
    let machineId: string | undefined;
    const handshake = new ServerHandshake(
      {
        onHello: (hello) => {
          machineId = hello.machineId;
          const refusal = this.#events.decide(hello);
          if (refusal) handshake.reject(refusal);
          else this.#accept(handshake, transport, hello);
        },
        onFailed: (error) => {
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

  /** Sends away all that have not come in yet. */
  close(): void {
    for (const transport of this.#waiting) transport.destroy();
  }

  #accept(handshake: ServerHandshake, transport: Transport, hello: Hello): void {
    const { sessionId, pace } = this.#events.terms();
    const limits = this.#setup.session.limits;
    const welcome: Welcome = { sessionId, agent: AGENT, features: [], limits, ...pace };
    handshake.welcome(welcome);
    this.#waiting.delete(transport);
    this.#events.onAccepted(transport, {
      role: 'server',
      sessionId,
      machineId: hello.machineId,
      remoteLimits: hello.limits,
      pace,
    });
  }
}
