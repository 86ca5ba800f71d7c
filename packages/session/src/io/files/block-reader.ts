import type { FileHandle } from 'node:fs/promises';

/**
 * The file is read in blocks of this size, so many of them ahead of the network. Each read is a trip to another thread and back, which
 * takes longer than a small block's bytes do.
 */
const BLOCK_BYTES = 1_048_576;
const BLOCKS_AHEAD = 4;

interface Block {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Settles when the bytes that the block held last are not needed any more, and it may be used again. */
  isFree: Promise<void>;
}

/** Reads a part of a file in blocks, the next one while the last is being used. */
export class BlockReader {
  readonly #file: FileHandle;
  readonly #endBytes: number;
  readonly #blocks: Block[];
  #position: number;
  #turn = 0;
  #reading: Promise<Uint8Array> | undefined;

  /** @param endBytes where the part ends; the file has as much, or `next` says that it ended early */
  constructor(file: FileHandle, startBytes: number, endBytes: number) {
    this.#file = file;
    this.#position = startBytes;
    this.#endBytes = endBytes;
    const length = Math.min(BLOCK_BYTES, endBytes - startBytes);
    this.#blocks = Array.from({ length: BLOCKS_AHEAD }, () => ({
      bytes: new Uint8Array(length),
      isFree: Promise.resolve(),
    }));
    this.#readAhead();
  }

  /** The next block, shorter than the others only at the end of the file; undefined when all have been read. */
  async next(): Promise<Uint8Array | undefined> {
    const bytes = await this.#reading;
    this.#reading = undefined;
    this.#readAhead();
    return bytes;
  }

  /** Says until when the block that `next` gave last is needed. */
  keepUntil(isFree: Promise<void>): void {
    // The block before the one that is being read.
    const last = this.#blocks[(this.#turn + BLOCKS_AHEAD - (this.#reading ? 2 : 1)) % BLOCKS_AHEAD];
    if (last) last.isFree = isFree;
  }

  #readAhead(): void {
    if (this.#position >= this.#endBytes) return;
    const block = this.#blocks[this.#turn % BLOCKS_AHEAD];
    if (block === undefined) return;
    this.#turn += 1;
    const position = this.#position;
    const wanted = Math.min(block.bytes.length, this.#endBytes - position);
    this.#position += wanted;
    this.#reading = this.#read(block, position, wanted);
    // Should the one before fail, nobody waits for this one any more.
    this.#reading.catch(() => undefined);
  }

  async #read(block: Block, position: number, wanted: number): Promise<Uint8Array> {
    await block.isFree;
    let at = 0;
    while (at < wanted) {
      const { bytesRead } = await this.#file.read(block.bytes, at, wanted - at, position + at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return block.bytes.subarray(0, at);
  }
}
