import { type AlignedMemory, alignDown, alignUp } from './aligned-memory.ts';
import { BufferPool } from './buffer-pool.ts';
import { Durability } from './durability.ts';
import { TargetFile } from './target-file.ts';
import {
  requireBytes,
  resolveWriterOptions,
  type UnbufferedWriterOptions,
  type WriterSetup,
} from './writer-options.ts';

/** So many writes are handed to the system at a time: the disk has the next one when it is done with one. */
const MAX_WRITES = 2;
/**
 * While one is under way the next gathers at least this share of all buffers: a few large writes cost less than many small ones, and a
 * new file is written an eighth faster than by twice as many.
 */
const MIN_GATHERED_SHARE = 1 / 2;
const DONE: Promise<void> = Promise.resolve();

/** A buffer while there is something in it. */
interface Block {
  readonly memory: AlignedMemory;
  /** Where in the file it begins. */
  readonly position: number;
  usedBytes: number;
}

/** Buffers that are being written, and may be done before those in front of them are. */
interface Write {
  readonly blocks: readonly Block[];
  isDone: boolean;
}

/** Bytes that wait for a buffer. */
interface WaitingBytes {
  bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes a file past the page cache: bytes are gathered in aligned buffers, of which one is filled while the others are being
 * written. So a large file neither waits for the disk at each write nor pushes everything else out of memory, and the rate is
 * the disk's (O_DIRECT, open(2)). Where that is not possible it writes through the page cache, and says so.
 *
 * The first failure is the last thing that happens: it rejects every `write` that waits, every one after, and `close`.
 */
export class UnbufferedWriter implements AsyncDisposable {
  readonly #file: TargetFile;
  readonly #setup: WriterSetup;
  readonly #buffers: BufferPool;
  readonly #durability: Durability;
  readonly #full: Block[] = [];
  readonly #writes: Write[] = [];
  readonly #waiting: WaitingBytes[] = [];
  #filling: Block | undefined;
  /** How far the file has been given bytes, and is written. */
  #acceptedBytes: number;
  #writtenBytes: number;
  /** Called whenever something has been written. */
  #onProgress: (() => void) | undefined;
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;
  #isClosed = false;
  #activeMs = 0;
  #activeSinceMs = 0;

  private constructor(file: TargetFile, setup: WriterSetup) {
    this.#file = file;
    this.#setup = setup;
    this.#buffers = new BufferPool(setup);
    this.#acceptedBytes = setup.startBytes;
    this.#writtenBytes = setup.startBytes;
    this.#durability = new Durability(file, setup);
  }

  /**
   * Opens or creates a file for writing.
   *
   * @throws RangeError or TypeError for an option out of its range; what the system says, such as `ENOENT`, `EACCES`, and
   * `ENOSPC` when the disk cannot hold `expectedBytes`; `ERR_UNBUFFERED_WRITER_NO_DIRECT` where the mode `direct` cannot be had
   */
  static async open(path: string, options: UnbufferedWriterOptions = {}): Promise<UnbufferedWriter> {
    const setup = resolveWriterOptions(options);
    const file = await TargetFile.open(path, setup);
    try {
      await file.prepare(setup.startBytes, setup.expectedBytes);
      const writer = new UnbufferedWriter(file, setup);
      await writer.#begin();
      return writer;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Bytes of the file, from its beginning on, that are with the disk: never those of which that is not known. */
  get bytesWritten(): number {
    return this.#writtenBytes;
  }

  /** Bytes of the file, from its beginning on, that outlast a failure of the power. */
  get bytesDurable(): number {
    return this.#durability.bytes;
  }

  /** For how long something has been on its way to the disk: the rest of the time the disk could have done more. */
  get activeMs(): number {
    return this.#activeMs + (this.#writes.length > 0 ? performance.now() - this.#activeSinceMs : 0);
  }

  /** Whether it goes past the page cache. */
  get isDirect(): boolean {
    return this.#file.isDirect;
  }

  /** Why it does not, in the mode `auto`; undefined where it does, or was not asked to. */
  get fallbackReason(): string | undefined {
    return this.#file.fallbackReason;
  }

  /** What all buffers hold together: so much may be given and not be written yet before a `write` waits. */
  get capacityBytes(): number {
    return this.#setup.bufferBytes * this.#setup.bufferCount;
  }

  /**
   * Takes the next bytes, in the order of the calls. Resolves when they are in a buffer, which is at once while there is room, and
   * then one shared promise; until it has, leave them as they are.
   *
   * @throws TypeError for anything but bytes, and the failure of an earlier write
   */
  write(bytes: Uint8Array): Promise<void> {
    // Not async: most calls find room, and share one resolved promise.
    try {
      requireBytes(bytes);
      this.#requireOpen();
    } catch (error) {
      return Promise.reject(error);
    }
    const rest = this.#waiting.length > 0 ? bytes : this.#fill(bytes);
    if (rest.length === 0) return DONE;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes: rest, resolve, reject });
    });
  }

  /**
   * Writes the rest, makes the file end with the last byte, and makes all of it durable. A second call waits for the first.
   *
   * @throws the failure of an earlier write, or of these last steps
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#finish());
  }

  /** Stops writing and closes the file as it is: what was not written yet is lost. Does not reject. */
  async abort(): Promise<void> {
    this.#stop(new Error('the writer was aborted'));
    await this.close().catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A file that is gone on with in the middle of a page: what of the page is there goes into the first buffer. */
  async #begin(): Promise<void> {
    const { startBytes } = this.#setup;
    const position = alignDown(startBytes);
    if (position === startBytes) return;
    const block = this.#takeBlock(position, 0);
    if (block === undefined) return;
    await this.#file.read(block.memory.subarray(0, alignUp(1)), position);
    block.usedBytes = startBytes - position;
    this.#filling = block;
  }

  /** Copies what there is room for and returns the rest. */
  #fill(bytes: Uint8Array): Uint8Array {
    let rest = bytes;
    while (rest.length > 0) {
      const block = (this.#filling ??= this.#takeBlock(this.#acceptedBytes, rest.length));
      if (block === undefined) break;
      const taken = rest.subarray(0, block.memory.length - block.usedBytes);
      block.memory.set(taken, block.usedBytes);
      block.usedBytes += taken.length;
      this.#acceptedBytes += taken.length;
      rest = rest.subarray(taken.length);
      if (block.usedBytes === block.memory.length) this.#completeBlock(block);
    }
    return rest;
  }

  /** A buffer for what begins at the position; undefined while all are in use. */
  #takeBlock(position: number, wantedBytes: number): Block | undefined {
    const memory = this.#buffers.take(position, wantedBytes);
    return memory && { memory, position, usedBytes: 0 };
  }

  #completeBlock(block: Block): void {
    this.#filling = undefined;
    this.#full.push(block);
    this.#submit();
  }

  /** Hands everything that is full to the system, as one write. */
  #submit(): void {
    if (this.#failure || this.#full.length === 0 || this.#writes.length >= MAX_WRITES) return;
    const { bufferCount } = this.#setup;
    if (this.#writes.length > 0 && this.#full.length < bufferCount * MIN_GATHERED_SHARE) return;
    const write: Write = { blocks: this.#full.splice(0), isDone: false };
    if (this.#writes.length === 0) this.#activeSinceMs = performance.now();
    this.#writes.push(write);
    const buffers = write.blocks.map(({ memory, usedBytes }) => memory.subarray(0, this.#lengthToWrite(usedBytes)));
    const written = this.#file.write(buffers, write.blocks[0]?.position ?? 0).catch(this.#fail.bind(this));
    void written.then(() => this.#handleWritten(write));
  }

  /** What is written directly is written by whole pages; the file is cut to its size when it is closed. */
  #lengthToWrite(usedBytes: number): number {
    return this.#file.isDirect ? alignUp(usedBytes) : usedBytes;
  }

  /** The system is done with a write, which may have failed. */
  #handleWritten(write: Write): void {
    const before = this.#writtenBytes;
    this.#retire(write);
    if (this.#failure === undefined) {
      if (this.#writtenBytes > before) this.#setup.onWritten?.(this.#writtenBytes);
      this.#serveWaiting();
      this.#submit();
      if (this.#durability.isDue(this.#writtenBytes)) void this.#sync().catch(() => undefined);
    }
    this.#onProgress?.();
  }

  /** The buffers are free again. What is written without a gap from the beginning on counts, unless something failed. */
  #retire(write: Write): void {
    write.isDone = true;
    for (const { memory } of write.blocks) this.#buffers.giveBack(memory);
    while (this.#writes[0]?.isDone) {
      const end = endOf(this.#writes.shift()?.blocks ?? []);
      if (this.#failure === undefined) this.#writtenBytes = end;
    }
    if (this.#writes.length === 0) this.#activeMs += performance.now() - this.#activeSinceMs;
  }

  #serveWaiting(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      first.bytes = this.#fill(first.bytes);
      if (first.bytes.length > 0) return;
      this.#waiting.shift();
      first.resolve();
    }
  }

  /** Makes durable what is written now. */
  async #sync(): Promise<void> {
    try {
      await this.#durability.sync(this.#writtenBytes);
    } catch (error) {
      // What it would have made durable may be lost, and a second try would not say so (fsync(2), "EIO").
      this.#fail(error as Error);
      throw error;
    }
  }

  async #finish(): Promise<void> {
    try {
      await this.#drain();
      await this.#file.cutTo(this.#acceptedBytes, this.#lengthToWrite(this.#acceptedBytes));
      await this.#durability.settled();
      await this.#sync();
    } finally {
      await this.#release();
    }
  }

  /** Waits until all that was given is written, or a write has failed and none is under way. */
  async #drain(): Promise<void> {
    while (this.#failure === undefined && (this.#waiting.length > 0 || this.#full.length > 0)) await this.#progress();
    const last = this.#filling;
    if (this.#failure === undefined && last !== undefined && last.usedBytes > 0) {
      while (this.#writes.length >= MAX_WRITES) await this.#progress();
      this.#completeBlock(last);
    }
    while (this.#writes.length > 0) await this.#progress();
    if (this.#failure) throw this.#failure;
  }

  #progress(): Promise<void> {
    return new Promise((resolve) => {
      this.#onProgress = () => {
        this.#onProgress = undefined;
        resolve();
      };
    });
  }

  async #release(): Promise<void> {
    this.#isClosed = true;
    // A sync that is under way needs the file, as the writes did.
    await this.#durability.settled();
    if (this.#filling) this.#buffers.giveBack(this.#filling.memory);
    this.#buffers.release();
    this.#filling = undefined;
    await this.#file.close();
  }

  #requireOpen(): void {
    if (this.#failure) throw this.#failure;
    if (this.#closing || this.#isClosed) throw new Error('the writer is closed');
  }

  /** The system has refused something; only the first time counts. */
  #fail(error: Error): void {
    if (this.#failure) return;
    this.#stop(error);
    this.#setup.onError?.(error);
  }

  /** Nothing more is written. */
  #stop(reason: Error): void {
    if (this.#failure) return;
    this.#failure = reason;
    for (const { memory } of this.#full.splice(0)) this.#buffers.giveBack(memory);
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }
}

/** Where in the file the last of the blocks ends. */
function endOf(blocks: readonly Block[]): number {
  const last = blocks.at(-1);
  return last === undefined ? 0 : last.position + last.usedBytes;
}
