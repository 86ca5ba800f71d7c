import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Endpoint } from '../harness/subject.ts';
import { Bottleneck } from './bottleneck.ts';
import { type LinkShape, MIN_QUEUE_MS } from './link.ts';

const TICK_MS = 1;
const HOST = '127.0.0.1';

/**
 * Passes on what comes, in both directions, as a slow and long link would. Its queue holds what the link takes up in a
 * round trip (at least 50 ms of its rate); then it reads no more, and TCP holds the sender back.
 */
export class SlowRelay implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: Endpoint, shape: LinkShape) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
      const far = connect({ ...target, allowHalfOpen: true, noDelay: true });
      this.#keep(near);
      this.#keep(far);
      passOn(near, far, shape);
      passOn(far, near, shape);
    });
  }

  static async start(target: Endpoint, shape: LinkShape): Promise<SlowRelay> {
    const relay = new SlowRelay(target, shape);
    relay.#server.listen(0, HOST);
    await once(relay.#server, 'listening');
    return relay;
  }

  /** Where to connect instead of to the target. */
  get endpoint(): Endpoint {
    return { host: HOST, port: (this.#server.address() as AddressInfo).port };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined); // its close is passed on
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

function passOn(from: Socket, to: Socket, { megabitsPerSecond, roundTripMs }: LinkShape): void {
  const bytesPerSecond = (megabitsPerSecond * 1e6) / 8;
  const line = new Bottleneck({
    bytesPerSecond,
    delayMs: roundTripMs / 2,
    queueBytes: (bytesPerSecond * Math.max(roundTripMs, MIN_QUEUE_MS)) / 1000,
  });
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;
  const tick = (): void => {
    timer = undefined;
    const nowMs = performance.now();
    if (!to.writableNeedDrain) for (const bytes of line.take(nowMs)) to.write(bytes);
    if (from.isPaused() && line.hasRoom(nowMs)) from.resume();
    if (!line.isEmpty) timer = setTimeout(tick, TICK_MS);
    else if (hasEnded) to.end();
  };
  from.on('data', (bytes: Buffer) => {
    const nowMs = performance.now();
    line.put(bytes, nowMs);
    if (!line.hasRoom(nowMs)) from.pause();
    timer ??= setTimeout(tick, TICK_MS);
  });
  from.on('end', () => {
    hasEnded = true;
    timer ??= setTimeout(tick, TICK_MS);
  });
  // Who has gone before all was passed on takes the other one along.
  from.on('close', () => {
    if (!hasEnded) to.destroy();
  });
  to.on('close', () => {
    clearTimeout(timer);
    if (!hasEnded || !line.isEmpty) from.destroy();
  });
}
