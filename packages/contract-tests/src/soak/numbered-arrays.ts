import {
  type ArrayOnItsWay,
  ArrayTransferError,
  type LargeArray,
  LargeArrayTransfer,
  type SendArrayOptions,
} from '@tcpcomm/large-array';
import type { Session } from '@tcpcomm/session';
import { testBytes, waitUntil } from '@tcpcomm/test-support';
import { Tally } from './tally.ts';
import type { Traffic } from './traffic.ts';

const MAX_IN_FLIGHT = 6;
/** At the most; in turn one is large, and the next ones are small. */
const SMALL_BYTES = 2_400;
const LARGE_BYTES = 800_000;
const LARGE_EACH = 5;
/** An array that is not to come is larger than what is given to a session ahead, or it would come all the same. */
const UNWANTED_BYTES = 4_000_000;
/** Of an array that is aborted by its sender so much goes at least. */
const PATIENCE = 0.3;
/** What is told to the sender of one that is refused. */
const REFUSED = 'its number is one that is not wanted';

/** What becomes of an array: each number has one, in turn. */
const MANNERS = ['taken', 'taken', 'aborted', 'taken', 'taken', 'taken', 'refused'] as const;

type Manner = (typeof MANNERS)[number];

const TYPES: readonly (new (buffer: ArrayBuffer) => LargeArray)[] = [
  Float64Array,
  Uint8Array,
  Int16Array,
  Float32Array,
  BigInt64Array,
  Uint32Array,
  DataView,
  Uint8ClampedArray,
  BigUint64Array,
  Int32Array,
];

/** Arrays on one channel: each must come once and as it was, unless one of the two ends does not want it any more. */
export class NumberedArrays implements Traffic {
  readonly kind = 'arrays';
  readonly averageBytes = (SMALL_BYTES + LARGE_BYTES / LARGE_EACH + UNWANTED_BYTES / MANNERS.length) / 2;
  readonly total: number;
  readonly violations: string[] = [];
  readonly #sending: LargeArrayTransfer;
  readonly #receiving: LargeArrayTransfer;
  readonly #sent = new Tally(MAX_IN_FLIGHT);
  readonly #come = new Set<number>();

  /** @param channel for these alone, both ways */
  constructor(total: number, from: Session, to: Session, channel: number) {
    this.total = total;
    this.#sending = new LargeArrayTransfer(from, { channel });
    this.#receiving = new LargeArrayTransfer(to, {
      channel,
      onProgress: ({ label }) => {
        const array = this.#receiving.incoming.find(({ description }) => description.label === label);
        if (array && mannerOf(Number(label)) === 'refused') array.abort(refusalOf(array));
      },
    });
    void this.#takeAll();
  }

  get ended(): number {
    return this.#sent.ended;
  }

  async send(number: number): Promise<void> {
    await this.#sent.include(
      this.#move(number).catch((error: unknown) => {
        this.violations.push(`array ${number}, to be ${mannerOf(number)}: ${String(error)}`);
      }),
    );
  }

  async settled(): Promise<void> {
    await this.#sent.settled();
    for (let number = 0; number < this.total; number += 1) {
      if (mannerOf(number) === 'taken' && !this.#come.has(number)) this.violations.push(`array ${number} did not come`);
    }
    // That its sender has aborted it is told by a message.
    await waitUntil('no array is on its way any more', () => this.#receiving.incoming.length === 0);
  }

  end(): void {
    this.#sending.close();
    this.#receiving.close();
  }

  async #move(number: number): Promise<void> {
    const manner = mannerOf(number);
    const abort = new AbortController();
    const options: SendArrayOptions = {
      label: String(number),
      signal: abort.signal,
      onProgress: ({ movedBytes, byteLength }) => {
        if (manner === 'aborted' && movedBytes >= byteLength * PATIENCE) abort.abort();
      },
    };
    try {
      await this.#sending.send(numberedArray(number), options);
      if (manner !== 'taken') throw new Error('it was taken');
    } catch (error) {
      const isRefusal = error instanceof ArrayTransferError && error.message.includes(REFUSED);
      if (error !== abort.signal.reason && !(manner === 'refused' && isRefusal)) throw error;
    }
  }

  async #takeAll(): Promise<void> {
    for await (const array of this.#receiving) {
      const number = Number(this.#receiving.descriptionOf(array)?.label);
      if (mannerOf(number) !== 'taken') this.violations.push(`array ${number} came, which was ${mannerOf(number)}`);
      if (this.#come.has(number)) this.violations.push(`array ${number} came twice`);
      this.#come.add(number);
      const expected = numberedArray(number);
      const isSameType = array.constructor === expected.constructor;
      if (!isSameType || Buffer.compare(bytesOf(array), bytesOf(expected)) !== 0) {
        this.violations.push(`array ${number} came as something else`);
      }
    }
  }
}

function refusalOf({ receivedBytes, description }: ArrayOnItsWay): string {
  return `${REFUSED}, after ${receivedBytes} of ${description.byteLength} bytes`;
}

function mannerOf(number: number): Manner {
  return MANNERS[number % MANNERS.length]!;
}

function numberedArray(number: number): LargeArray {
  const share = (Math.imul(number + 1, 2_654_435_761) >>> 0) / 2 ** 32;
  const wantedBytes = number % LARGE_EACH === 0 ? LARGE_BYTES : SMALL_BYTES;
  const byteLength = mannerOf(number) === 'taken' ? 8 * Math.ceil((share * wantedBytes) / 8) : UNWANTED_BYTES;
  return new TYPES[Math.floor(number / LARGE_EACH) % TYPES.length]!(testBytes(byteLength, number + 1).buffer);
}

function bytesOf(array: LargeArray): Uint8Array {
  if (!ArrayBuffer.isView(array)) return new Uint8Array(array);
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
