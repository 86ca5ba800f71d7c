import type { Hello, Reject, Welcome } from '@tcpcomm/protocol';
import { openHandle, ServerHandshake, type SocketHandle, Transport } from '@tcpcomm/session';

export interface ApplicantDetails {
  readonly hello: Hello;
  readonly remoteAddress: string | undefined;
  /** When its handshake has taken too long, as `performance.now()` has it. */
  readonly deadlineMs: number;
  readonly transport: Transport;
  readonly handshake: ServerHandshake;
  /** Aborts when the client has gone, or took too long, or nobody is let in any more. */
  readonly gone: AbortSignal;
  /** It is not this end of the handshake any more that has the connection. */
  readonly onLeft: () => void;
}

/** A client that has introduced itself and waits for the answer. */
export class Applicant {
  readonly hello: Hello;
  readonly remoteAddress: string | undefined;
  readonly deadlineMs: number;
  readonly gone: AbortSignal;
  /** What carries its session, when it has been welcomed. */
  readonly transport: Transport;
  readonly #handshake: ServerHandshake;
  readonly #onLeft: () => void;

  constructor({ hello, remoteAddress, deadlineMs, transport, handshake, gone, onLeft }: ApplicantDetails) {
    this.hello = hello;
    this.remoteAddress = remoteAddress;
    this.deadlineMs = deadlineMs;
    this.transport = transport;
    this.gone = gone;
    this.#handshake = handshake;
    this.#onLeft = onLeft;
  }

  /** One that has introduced itself on another thread, which has released it. */
  static continued(handle: SocketHandle, hello: Hello): Applicant {
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
    const { remoteAddress } = transport;
    return new Applicant({
      ...{ hello, remoteAddress, deadlineMs: Infinity, transport, handshake, gone: gone.signal },
      onLeft: () => undefined,
    });
  }

  /** Lets it in; the session takes over the transport in the same turn. */
  welcome(welcome: Welcome): void {
    this.#onLeft();
    this.#handshake.welcome(welcome);
  }

  reject(reject: Reject): void {
    this.#handshake.reject(reject);
  }

  /** Gives its connection away, for another thread to continue with it; undefined if it has gone meanwhile. */
  async release(): Promise<SocketHandle | undefined> {
    this.#onLeft();
    this.#handshake.leave();
    const handle = await this.transport.release();
    if (handle === undefined) this.transport.destroy();
    return handle;
  }
}
