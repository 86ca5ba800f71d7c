import { type FileTransfer } from '../file-transfer.ts';
import type { FromSession, TransferSnapshot } from './thread-messages.ts';
import { toCloneable } from './cloneable.ts';

/** The transfers of a session whose user is on another thread: each has a key by which both threads know it. */
export class TransferRegistry {
  readonly #post: (message: FromSession) => void;
  readonly #files = new Map<number, FileTransfer>();
  readonly #keys = new Map<FileTransfer, number>();
  #lastKey = 0;

  constructor(post: (message: FromSession) => void) {
    this.#post = post;
  }

  get(key: number): FileTransfer | undefined {
    return this.#files.get(key);
  }

  get size(): number {
    return this.#files.size;
  }

  get snapshots(): TransferSnapshot[] {
    return Array.from(this.#files, ([key, file]) => snapshotOf(key, file));
  }

  /** The user has begun it, and knows it by this key. */
  add(key: number, file: FileTransfer): void {
    this.#files.set(key, file);
    this.#keys.set(file, key);
    file.on('progress', () => {
      // The end is told with what came of it.
      if (file.error === undefined && file.state !== 'done') {
        this.#post({ kind: 'transfer-progress', transfer: snapshotOf(key, file) });
      }
    });
  }

  handleBegun(file: FileTransfer): void {
    this.#post({ kind: 'transfer-begun', transfer: snapshotOf(this.#keyOf(file), file) });
  }

  handleEnded(file: FileTransfer): void {
    const key = this.#keyOf(file);
    this.#files.delete(key);
    this.#keys.delete(file);
    const transfer = snapshotOf(key, file);
    // It has ended: the promise has settled.
    void file.done.then(
      (result) => {
        this.#post({ kind: 'transfer-ended', transfer, outcome: { result: toCloneable(result) as typeof result } });
      },
      (error: unknown) => {
        this.#post({ kind: 'transfer-ended', transfer, outcome: { error: toCloneable(error) } });
      },
    );
  }

  #keyOf(file: FileTransfer): number {
    const known = this.#keys.get(file);
    if (known !== undefined) return known;
    this.#lastKey -= 1;
    this.add(this.#lastKey, file);
    return this.#lastKey;
  }
}

function snapshotOf(key: number, file: FileTransfer): TransferSnapshot {
  const { id, direction, name, state, progress, resumedFromBytes, restartReason, isPausedByPeer } = file;
  const { sending } = file.stats();
  return { key, id, direction, name, state, progress, resumedFromBytes, restartReason, isPausedByPeer, sending };
}
