import type { Metrics } from '../harness/metrics.ts';
import type { Load } from '../harness/subject.ts';

/** Arrays of one size, from the server to the client when the client asks; `count` is how many. */
export interface ArrayLoad extends Load {
  readonly arrayBytes: number;
  /** How many are sent before the first of them has been acknowledged by the receiving program. */
  readonly ahead: number;
}

/** The same for every subject, made before anything is measured: memory that was never written to would be cheaper to read. */
export function createArray(arrayBytes: number): Float64Array {
  const array = new Float64Array(arrayBytes / 8);
  for (let at = 0; at < array.length; at += 1) array[at] = at + 0.5;
  return array;
}

/** Its bytes, where they are. */
export function bytesOf({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Sends arrays, so many ahead of what the receiver has acknowledged. */
export async function sendArrays(count: number, ahead: number, send: () => Promise<unknown>): Promise<void> {
  let begun = 0;
  const sendOnAndOn = async () => {
    while (begun < count) {
      begun += 1;
      await send();
    }
  };
  await Promise.all(Array.from({ length: Math.min(ahead, count) }, sendOnAndOn));
}

/** The same for subjects whose receiver writes its acknowledgements by hand: several may be acknowledged at once. */
export class ArraySender {
  readonly #ahead: number;
  readonly #send: (count: number) => void;
  #missing = 0;

  /** @param send sends so many arrays at once */
  constructor(ahead: number, send: (count: number) => void) {
    this.#ahead = ahead;
    this.#send = send;
  }

  begin(count: number): void {
    this.#missing = count;
    this.handleAcknowledged(this.#ahead);
  }

  handleAcknowledged(count: number): void {
    const nextCount = Math.min(count, this.#missing);
    this.#missing -= nextCount;
    if (nextCount > 0) this.#send(nextCount);
  }
}

/** What a receiver puts an array together in: memory of its own, not zeroed, as all of it will be written to. */
export function allocateArray(arrayBytes: number): Uint8Array<ArrayBuffer> {
  return Buffer.allocUnsafeSlow(arrayBytes);
}

/** Watches at the receiver what comes, from the order until all of it is there. */
export class ArrayArrival {
  readonly #arrayBytes: number;
  #missing = 0;
  #startMs = 0;
  #arrived: PromiseWithResolvers<Metrics> | undefined;

  constructor(arrayBytes: number) {
    this.#arrayBytes = arrayBytes;
  }

  expect(count: number): Promise<Metrics> {
    this.#missing = count;
    this.#startMs = performance.now();
    this.#arrived = Promise.withResolvers();
    return this.#arrived.promise.then((metrics) => {
      const elapsedMs = performance.now() - this.#startMs;
      return { ...metrics, megabytesPerSecond: (count * this.#arrayBytes) / elapsedMs / 1000 };
    });
  }

  /** An array has come, and is the program's. */
  add(array: unknown): void {
    this.#missing -= 1;
    if (!this.#isRight(array)) this.#arrived?.reject(new Error('what came is not the array that was sent'));
    else if (this.#missing === 0) this.#arrived?.resolve({});
    else if (this.#missing < 0) this.#arrived?.reject(new Error('more came than was asked for'));
  }

  #isRight(array: unknown): boolean {
    if (!(array instanceof Float64Array) || array.byteLength !== this.#arrayBytes) return false;
    const middle = array.length >> 1;
    return array[0] === 0.5 && array[middle] === middle + 0.5 && array.at(-1) === array.length - 0.5;
  }
}
