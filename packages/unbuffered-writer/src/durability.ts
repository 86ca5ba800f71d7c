import type { TargetFile } from './target-file.ts';
import type { WriterSetup } from './writer-options.ts';

/** How much of a file outlasts a failure of the power, and when that is to be seen to again. */
export class Durability {
  readonly #file: TargetFile;
  readonly #setup: WriterSetup;
  #bytes: number;
  #syncedMs = performance.now();
  #syncing: Promise<void> | undefined;

  constructor(file: TargetFile, setup: WriterSetup) {
    this.#file = file;
    this.#setup = setup;
    this.#bytes = setup.startBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  isDue(writtenBytes: number): boolean {
    const { syncEachBytes, syncEachMs } = this.#setup;
    return writtenBytes - this.#bytes >= syncEachBytes || performance.now() - this.#syncedMs >= syncEachMs;
  }

  /** Makes durable what is written; while that is being done for less, waits for that only. @throws what the system says */
  async sync(writtenBytes: number): Promise<void> {
    if (this.#syncing) return this.#syncing;
    this.#syncedMs = performance.now();
    this.#syncing = this.#file.sync();
    try {
      await this.#syncing;
    } finally {
      this.#syncing = undefined;
    }
    if (writtenBytes <= this.#bytes) return;
    this.#bytes = writtenBytes;
    this.#setup.onDurable?.(writtenBytes);
  }

  /** Waits for what is under way, and needs the file; does not reject. */
  async settled(): Promise<void> {
    await this.#syncing?.catch(() => undefined);
  }
}
