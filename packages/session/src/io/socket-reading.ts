import type { OnReadOpts, Socket } from 'node:net';
import { MAX_READ_BYTES, ReadBuffer } from './read-buffer.ts';

/** Who takes what is read from a socket. */
export interface ReadTarget {
  /** Takes received bytes; returns whether something keeps them, or their memory may be used again. */
  receive(bytes: Uint8Array): boolean;
  /** Where the next bytes had best be read to, if that is known; not more than `maxBytes`. */
  roomForNext(maxBytes: number): Uint8Array<ArrayBuffer> | undefined;
}

/** Behind what was read to its destination comes the header of the next frame; more than a little would have to be copied. */
const READ_BEHIND_BYTES = 4_096;

/**
 * Reading a socket into memory of one's own, the option `onread` of `net.connect`: half the work of `data` events, each of which
 * allocates. Large payloads are read to where they belong. For sockets that a
 * server accepts see `prepareAccepted`; what cannot be read so is read by `data` events.
 */
export class SocketReading {
  readonly #buffer = new ReadBuffer();
  #target: ReadTarget | undefined;
  /** Whether the read under way goes to the destination, not to the buffer. */
  #isDirect = false;

  /** To be given to `net.connect`. */
  readonly onread: OnReadOpts = {
    buffer: () => this.#roomForNext(),
    callback: (byteLength, room) => {
      const bytes = byteLength === room.length ? room : new Uint8Array(room.buffer, room.byteOffset, byteLength);
      const isKept = this.#target?.receive(bytes) ?? false;
      if (!this.#isDirect) this.#buffer.handleRead(byteLength, room.length, isKept);
      return true;
    },
  };

  /** Hands over what is read from now on. */
  start(target: ReadTarget): void {
    this.#target = target;
  }

  #roomForNext(): Uint8Array {
    const direct = this.#target?.roomForNext(MAX_READ_BYTES);
    const wasDirect = this.#isDirect;
    this.#isDirect = direct !== undefined;
    if (direct) return direct;
    const { room } = this.#buffer;
    return wasDirect ? room.subarray(0, READ_BEHIND_BYTES) : room;
  }
}

/** Reads a socket by its `data` events: every chunk is memory of its own. */
export function readByEvents(socket: Socket, target: ReadTarget): void {
  socket.on('data', (chunk: Uint8Array) => {
    target.receive(chunk);
  });
}
