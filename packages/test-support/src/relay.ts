import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { RelayPipe, type RelayWeather } from './relay-pipe.ts';

/** From who connects here to the target, and back. */
export type RelayDirection = 'forth' | 'back';

/** What happens to all connections of a relay when so many more bytes have passed. */
export interface RelayFault {
  /** Where they are counted; without it in both directions together. */
  readonly direction?: RelayDirection;
  readonly afterBytes: number;
  /**
   * `cut` ends both sides in order, `reset` as a failing machine does; `silence` loses all that follows in both directions, and
   * both sides believe themselves connected.
   */
  readonly kind: 'cut' | 'reset' | 'silence';
}

interface RelayedConnection {
  readonly near: Socket;
  readonly far: Socket;
  readonly pipes: Record<RelayDirection, RelayPipe>;
  /** Resolves when both sides are closed. */
  readonly over: Promise<unknown>;
}

/** A network between a client and a server that can be slow, cut, silent, or away: at once, or by a script. */
export class Relay {
  readonly #server: Server;
  readonly #connections = new Set<RelayedConnection>();
  readonly #weather: Partial<RelayWeather>;
  /** Bytes that have passed, all connections together. */
  readonly passed: Record<RelayDirection, number> = { forth: 0, back: 0 };
  /** Whether who connects here is sent away at once. */
  refuses = false;
  #isStopped = false;
  #script: Iterator<RelayFault> = [][Symbol.iterator]();
  #fault: RelayFault | undefined;
  /** How many bytes have passed where they are counted when the next fault happens. */
  #faultAt = Infinity;

  private constructor(targetPort: number, weather: Partial<RelayWeather>) {
    this.#weather = weather;
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      if (this.refuses) near.resetAndDestroy();
      else this.#join(near, connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true }));
    });
  }

  /** @param weather of each direction; default: as fast as this machine, and in the pieces that it brings */
  static async start(targetPort: number, weather: Partial<RelayWeather> = {}): Promise<Relay> {
    const relay = new Relay(targetPort, weather);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Destroys all connections, on both sides. */
  cut(): void {
    for (const { near, far } of this.#connections) for (const socket of [near, far]) socket.destroy();
  }

  /** As a failing machine does: both sides get a reset. */
  reset(): void {
    for (const { near, far } of this.#connections) for (const socket of [near, far]) socket.resetAndDestroy();
  }

  /** The connections that there are lose all that goes in this direction, and both sides believe themselves connected. */
  silence(...directions: RelayDirection[]): void {
    for (const { pipes } of this.#connections) for (const direction of directions) pipes[direction].isSilent = true;
  }

  /** Cuts when so many more bytes have passed in a direction. */
  cutAfter(direction: RelayDirection, afterBytes: number): void {
    this.follow([{ direction, afterBytes, kind: 'cut' }]);
  }

  /** Does one thing after the other, each when so many bytes have passed since the one before. */
  follow(script: Iterable<RelayFault>): void {
    this.#script = script[Symbol.iterator]();
    this.#awaitNextFault();
  }

  /** Passes nothing on until `resume`; both sides believe themselves connected. */
  stop(): void {
    this.#isStopped = true;
    for (const { near, far } of this.#connections) for (const socket of [near, far]) socket.pause();
  }

  resume(): void {
    this.#isStopped = false;
    for (const { near, far } of this.#connections) for (const socket of [near, far]) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    const connections = [...this.#connections];
    this.cut();
    await Promise.all([closed, ...connections.map(({ over }) => over)]);
  }

  #join(near: Socket, far: Socket): void {
    const pipe = (from: Socket, to: Socket, direction: RelayDirection) =>
      new RelayPipe(from, to, this.#weather, (bytes) => this.#pass(direction, bytes));
    const pipes = { forth: pipe(near, far, 'forth'), back: pipe(far, near, 'back') };
    const over = Promise.all([near, far].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    const connection = { near, far, pipes, over };
    this.#connections.add(connection);
    void over.then(() => this.#connections.delete(connection));
    if (this.#isStopped) for (const socket of [near, far]) socket.pause();
  }

  /** So many bytes want to pass; returns how many may, and what happens behind them. */
  #pass(direction: RelayDirection, bytes: number): { readonly bytes: number; readonly then?: () => void } {
    const fault = (this.#fault?.direction ?? direction) === direction ? this.#fault : undefined;
    const left = fault ? this.#faultAt - this.#counted(fault) : Infinity;
    this.passed[direction] += Math.min(bytes, left);
    if (fault === undefined || left > bytes) return { bytes };
    // Nothing passes behind it, in either direction: what comes until it is felt belongs to no other fault.
    this.silence('forth', 'back');
    this.#awaitNextFault();
    return {
      bytes: left,
      then: () => {
        if (fault.kind !== 'silence') this[fault.kind]();
      },
    };
  }

  #awaitNextFault(): void {
    const { value } = this.#script.next() as IteratorResult<RelayFault, undefined>;
    this.#fault = value;
    this.#faultAt = value ? this.#counted(value) + value.afterBytes : Infinity;
  }

  #counted({ direction }: RelayFault): number {
    return direction ? this.passed[direction] : this.passed.forth + this.passed.back;
  }
}
