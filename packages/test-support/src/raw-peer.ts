import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { parseRawFrames, type RawFrame } from './raw-frame.ts';

/** How long a peer waits for what a test says will come. */
const WAIT_MS = 10_000;

/** One end of a TCP connection that says exactly what a test tells it to, however wrong, and remembers what it hears. */
export class RawPeer {
  readonly socket: Socket;
  readonly #changes = new EventEmitter<{ change: [] }>();
  #received: Buffer = Buffer.alloc(0);
  #hasEnded = false;
  #isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    this.#changes.setMaxListeners(0);
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#changes.emit('change');
    });
    socket.on('end', () => {
      this.#hasEnded = true;
      this.#changes.emit('change');
    });
    // A reset is one of the ways in which a connection ends here.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isClosed = true;
      this.#changes.emit('change');
    });
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<RawPeer> {
    const socket = connect({ port, host, allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawPeer(socket);
  }

  /** All bytes that have come. */
  get received(): Buffer {
    return this.#received;
  }

  /** All whole frames that have come. */
  get frames(): RawFrame[] {
    return parseRawFrames(this.#received);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(...pieces: Uint8Array[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(pieces));
  }

  /** Sends FIN. */
  end(): void {
    this.socket.end();
  }

  /** Sends RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Stops reading: what the other end sends fills the buffers of the kernel. */
  stopReading(): void {
    this.socket.pause();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Waits for so many bytes and returns all that have come. */
  async waitForBytes(count: number): Promise<Buffer> {
    await this.#waitFor(`${count} bytes`, () => this.#received.length >= count);
    return this.#received;
  }

  /** Waits until so many frames of a type have come, and returns the last of them. */
  async waitForFrame(type: number, count = 1): Promise<RawFrame> {
    const found = () => this.frames.filter((frame) => frame.type === type);
    await this.#waitFor(`frame of type 0x${type.toString(16)}`, () => found().length >= count);
    return found()[count - 1]!;
  }

  /** Waits until the other end has ended or reset the connection. */
  async waitForEnd(): Promise<void> {
    await this.#waitFor('the end', () => this.#hasEnded || this.#isClosed);
  }

  /** Waits until the connection is gone at this end too. */
  async waitForClose(): Promise<void> {
    await this.#waitFor('the close', () => this.#isClosed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.destroy();
    await this.waitForClose();
  }

  async #waitFor(what: string, isMet: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(WAIT_MS);
    while (!isMet()) {
      if (this.#isClosed) throw new Error(`the connection closed before ${what}; ${this.#received.length} bytes came`);
      await once(this.#changes, 'change', { signal }).catch(() => {
        throw new Error(`${what} did not come within ${WAIT_MS} ms; ${this.#received.length} bytes came`);
      });
    }
  }
}

/** A server whose connections are raw peers, for a client to connect to. */
export class RawListener {
  readonly #server: Server;
  readonly #peers: RawPeer[] = [];
  readonly #arrivals = new EventEmitter<{ peer: [peer: RawPeer] }>();
  #handedOut = 0;

  private constructor() {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      const peer = new RawPeer(socket);
      this.#peers.push(peer);
      this.#arrivals.emit('peer', peer);
    });
  }

  static async start(host = '127.0.0.1'): Promise<RawListener> {
    const listener = new RawListener();
    listener.#server.listen(0, host);
    await once(listener.#server, 'listening');
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The next connection that comes, or has come and not been asked for. */
  async nextPeer(): Promise<RawPeer> {
    const index = this.#handedOut;
    this.#handedOut += 1;
    while (this.#peers.length <= index) await once(this.#arrivals, 'peer', { signal: AbortSignal.timeout(WAIT_MS) });
    return this.#peers[index]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    await Promise.all([closed, ...this.#peers.map((peer) => peer[Symbol.asyncDispose]())]);
  }
}
