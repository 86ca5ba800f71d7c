import type { Session } from '@tcpcomm/session';

const HEADER_BYTES = 4;
/** Most messages are small; one in so many is larger than what is sent in one frame on a slow link. */
const LARGE_EACH = 50;

/** The message of that number on a channel: which it is can be read from it, and nothing else can look like it. */
export function numberedMessage(channel: number, number: number): Uint8Array {
  const mixed = Math.imul(number + 1, 2_654_435_761) ^ Math.imul(channel, 40_503);
  const size = HEADER_BYTES + (number % LARGE_EACH === LARGE_EACH - 1 ? mixed >>> 16 : mixed >>> 22);
  const bytes = new Uint8Array(size).fill(mixed & 0xff);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** Follows the numbered messages that arrive at one end, and notes whatever is lost, comes twice, out of order or changed. */
export class NumberedReceiver {
  readonly violations: string[] = [];
  readonly #name: string;
  readonly #next = new Map<number, number>();
  #count = 0;

  constructor(name: string, session: Session) {
    this.#name = name;
    session.on('message', (bytes, channel) => {
      this.#take(bytes, channel);
    });
  }

  /** How many have arrived, all channels together. */
  get count(): number {
    return this.#count;
  }

  #take(bytes: Uint8Array, channel: number): void {
    const expected = this.#next.get(channel) ?? 0;
    this.#next.set(channel, expected + 1);
    this.#count += 1;
    if (Buffer.compare(bytes, numberedMessage(channel, expected)) === 0) return;
    const number = bytes.length < HEADER_BYTES ? undefined : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    const what = number === expected ? 'with other bytes' : `as number ${String(number)}`;
    this.violations.push(`message ${expected} on channel ${channel} came to the ${this.#name} ${what}`);
  }
}
