import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A network between a client and a server that a test can cut, stop, or count the bytes of. */
export class Relay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Bytes that have passed, from who connected here and back to them. */
  readonly passed = { forth: 0, back: 0 };
  #isStopped = false;
  #cutAt = { forth: Infinity, back: Infinity };

  private constructor(targetPort: number) {
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true });
      this.#join(near, far, 'forth');
      this.#join(far, near, 'back');
    });
  }

  static async start(targetPort: number): Promise<Relay> {
    const relay = new Relay(targetPort);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Destroys all connections, on both sides. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** As a failing machine does: both sides get a reset. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Cuts when so many more bytes have passed in a direction. */
  cutAfter(direction: 'forth' | 'back', bytes: number): void {
    this.#cutAt[direction] = this.passed[direction] + bytes;
  }

  /** Passes nothing on until `resume`; both sides believe themselves connected. */
  stop(): void {
    this.#isStopped = true;
    for (const socket of this.#sockets) socket.pause();
  }

  resume(): void {
    this.#isStopped = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    const gone = [...this.#sockets].map((socket) => once(socket, 'close'));
    this.cut();
    await Promise.all([closed, ...gone]);
  }

  #join(from: Socket, to: Socket, direction: 'forth' | 'back'): void {
    this.#sockets.add(from);
    if (this.#isStopped) from.pause();
    from.on('data', (chunk: Buffer) => {
      const left = this.#cutAt[direction] - this.passed[direction];
      this.passed[direction] += Math.min(chunk.length, left);
      if (left <= chunk.length) {
        to.write(chunk.subarray(0, left), () => {
          this.cut();
        });
      } else if (!to.write(chunk)) {
        from.pause();
        to.once('drain', () => {
          if (!this.#isStopped) from.resume();
        });
      }
    });
    from.on('end', () => to.end());
    from.on('error', () => undefined);
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
