import type { Hello, Reject, Welcome } from '@tcpcomm/protocol';
import { openHandle, ServerHandshake, type SocketHandle, Transport } from '@tcpcomm/session';
import type { Applicant } from './applicant.ts';
import type { MovedApplicant } from './threads/worker-messages.ts';

export interface ApplicantDetails {
  readonly hello: Hello;
  readonly transport: Transport;
  readonly handshake: ServerHandshake;
  /** See `Applicant`. */
  readonly deadlineMs: number;
  readonly gone: AbortSignal;
  /** It is not this end of the handshake any more that has the connection. */
  readonly onLeft: () => void;
}

/** An applicant whose connection is on this thread. */
export class LocalApplicant implements Applicant {
  readonly hello: Hello;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly deadlineMs: number;
  readonly gone: AbortSignal;
  /** What carries its session, when it has been welcomed. */
  readonly transport: Transport;
  readonly #handshake: ServerHandshake;
  readonly #onLeft: () => void;

  constructor({ hello, transport, handshake, deadlineMs, gone, onLeft }: ApplicantDetails) {
    this.hello = hello;
    this.remoteAddress = transport.remoteAddress;
    this.remotePort = transport.remotePort;
    this.deadlineMs = deadlineMs;
    this.transport = transport;
    this.gone = gone;
    this.#handshake = handshake;
    this.#onLeft = onLeft;
  }

  /** One that has introduced itself on another thread, which has released it. */
  static continued(handle: SocketHandle, hello: Hello): LocalApplicant {
    const gone = new AbortController();
    const nowMs = performance.now();
    const handshake = ServerHandshake.afterHello(
      {
        onFailed: (error) => {
          gone.abort(error);
        },
      },
      nowMs,
    );
    const { socket, reading } = openHandle(handle);
    const transport = new Transport(socket, handshake, reading);
    const onLeft = () => undefined;
    return new LocalApplicant({ hello, transport, handshake, deadlineMs: Infinity, gone: gone.signal, onLeft });
  }

  /** Lets it in; the session takes over the transport in the same turn. */
  welcome(welcome: Welcome): void {
    this.#onLeft();
    this.#handshake.welcome(welcome);
  }

  reject(reject: Reject): void {
    this.#handshake.reject(reject);
  }

  async moveToWorker(): Promise<MovedApplicant | undefined> {
    this.#onLeft();
    this.#handshake.leave();
    const handle = await this.transport.release();
    if (handle) return { handle, hello: this.hello };
    this.transport.destroy();
    return undefined;
  }
}
