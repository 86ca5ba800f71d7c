import { type AlignedMemory, alignUp, giveBackAligned, takeAligned } from './aligned-memory.ts';
import type { WriterSetup } from './writer-options.ts';

/** The buffers of one writer: made when first needed, used again and again. */
export class BufferPool {
  readonly #setup: WriterSetup;
  readonly #free: AlignedMemory[] = [];
  #count = 0;

  constructor(setup: WriterSetup) {
    this.#setup = setup;
  }

  /**
   * A buffer, or undefined while all of them are in use.
   *
   * @param position where in the file it is going to begin
   * @param wantedBytes what is known to go into it
   */
  take(position: number, wantedBytes: number): AlignedMemory | undefined {
    return this.#free.pop() ?? this.#create(position, wantedBytes);
  }

  /** Nobody refers to it any more. */
  giveBack(memory: AlignedMemory): void {
    this.#free.push(memory);
  }

  /** Leaves the free ones to other writers. */
  release(): void {
    for (const memory of this.#free.splice(0)) giveBackAligned(memory);
  }

  #create(position: number, wantedBytes: number): AlignedMemory | undefined {
    const { bufferBytes, bufferCount, expectedBytes = Infinity } = this.#setup;
    if (this.#count === bufferCount) return undefined;
    this.#count += 1;
    // A small file needs no large buffer, and the end of a large one none either.
    const isWithin = position < expectedBytes;
    const missingBytes = isWithin ? Math.max(expectedBytes - position, wantedBytes) : bufferBytes;
    return takeAligned(Math.min(bufferBytes, alignUp(missingBytes)));
  }
}
