import { extname } from 'node:path';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { TcpCommError } from '@tcpcomm/protocol';
import { RemoteSession, type SessionBackendEvents } from '@tcpcomm/session';
import { type ClientBackend, type ConnectSetup, refuseToConnectAgain } from './client-backend.ts';
import type { ClientSetup } from './client-options.ts';

/** What the thread of a client is given. */
export interface ClientThreadData {
  readonly port: MessagePort;
  /** Without what cannot cross. */
  readonly setup: Omit<ClientSetup, 'auth' | 'onMessage'>;
  /** Undefined if the user's thread is asked each time. */
  readonly auth: string | undefined;
  readonly asksAuth: boolean;
}

/** From source it is TypeScript, as this file is; installed it is not. */
const THREAD_URL = new URL(`./client-thread-main${extname(import.meta.url)}`, import.meta.url);
/** How long a thread may take to end by itself when its session has. */
const END_MS = 2_000;

/** A client whose session is on a thread of its own, which begins and ends with this object. */
export class RemoteClient extends RemoteSession implements ClientBackend {
  readonly thread: Worker;
  #isConnecting = false;
  /** How many wait for an answer of the thread. */
  #waiting = 0;
  /** What the other thread has not been told, or has not taken, yet. */
  #machineId: string | undefined;

  constructor(setup: ClientSetup, events: SessionBackendEvents) {
    const { port1: port, port2 } = new MessageChannel();
    const { auth, onMessage: _, ...cloneable } = setup;
    const isAsked = typeof auth === 'function';
    const data: ClientThreadData = {
      port: port2,
      setup: cloneable,
      auth: isAsked ? undefined : auth,
      asksAuth: isAsked,
    };
    const thread = new Worker(THREAD_URL, { workerData: data, transferList: [port2], name: 'tcpcomm client' });
    const ended = new Promise((resolve) => thread.once('exit', resolve));
    super(
      {
        port,
        maxQueuedBytes: setup.session.engine.maxQueuedBytes,
        // Its answer is looked at where it is used.
        answer: async () => (isAsked ? auth() : auth),
        released: async () => {
          const timer = setTimeout(() => void thread.terminate(), END_MS);
          await ended;
          clearTimeout(timer);
        },
      },
      events,
    );
    this.assume({ machineId: setup.machineId });
    this.thread = thread;
    thread.on('error', this.handleThreadLost.bind(this));
    thread.on('exit', () => {
      this.handleThreadLost();
    });
    // Without a connection it keeps no process alive, as a socket would not.
    thread.unref();
  }

  async connect({ host, port, timeoutMs, signal }: ConnectSetup): Promise<void> {
    if (this.closeReason) refuseToConnectAgain();
    this.#isConnecting = true;
    try {
      await this.#wait(this.calls.call('connect', { host, port, timeoutMs }, { signal }));
    } finally {
      this.#isConnecting = false;
    }
  }

  override get machineId(): string {
    return this.#machineId ?? super.machineId;
  }

  async setMachineId(machineId: string): Promise<void> {
    // Without a session there is nobody to ask: it holds at once.
    if (this.sessionId === 0 && !this.#isConnecting) this.#machineId = machineId;
    await this.#wait(this.calls.call('setMachineId', machineId));
    this.#machineId = undefined;
  }

  override close(...how: Parameters<RemoteSession['close']>): void {
    this.thread.ref();
    super.close(...how);
  }

  override destroy(error: TcpCommError): void {
    this.thread.ref();
    super.destroy(error);
  }

  /** The process lives as long as somebody waits for the thread, or it has a session. */
  async #wait(answer: Promise<unknown>): Promise<void> {
    this.#waiting += 1;
    this.thread.ref();
    try {
      await answer;
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0 && this.sessionId === 0) this.thread.unref();
    }
  }
}
