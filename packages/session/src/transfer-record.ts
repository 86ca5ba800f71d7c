import type { TcpCommError, TransferError } from '@tcpcomm/protocol';

/** Seen from this end. */
export type TransferDirection = 'incoming' | 'outgoing';

/** `waiting` for its turn, the peer's answer, the file system or another connection, `active`, and how it ended. */
export type TransferState = 'waiting' | 'active' | 'done' | 'failed' | 'cancelled';

export interface TransferProgress {
  /** Of the file, from its beginning on: what an earlier attempt left is among it. */
  readonly transferredBytes: number;
  /** Undefined until the sender has told. */
  readonly totalBytes: number | undefined;
  /** 0 to 100, a whole number; an empty file is at 100 when it is done. */
  readonly percent: number;
  /** Over the last two seconds or so, 0 for the first fifth of one; over all of it once it has ended. */
  readonly bytesPerSecond: number;
  /** Since the bytes began to move, until the end. */
  readonly elapsedMs: number;
  /** Estimated time left, undefined while it cannot be told. */
  readonly remainingMs: number | undefined;
  /** Of a folder; a file has none. */
  readonly folder?: FolderProgress;
}

/** What came of a transfer. */
export interface TransferResult {
  /** Where the file is on this machine. */
  readonly localPath: string;
  /** The name under which the receiver has it; with `overwrite: 'rename'` not always the one that it was sent or asked for by. */
  readonly name: string;
  readonly totalBytes: number;
  /** Bytes that the receiver had from an earlier attempt, and that were not sent again. */
  readonly resumedFromBytes: number;
  /** XXH64 or SHA-256 of the whole file in hexadecimal digits, 16 or 64; the same at both ends. A folder has none, each file in it had. */
  readonly hash: string | undefined;
  /** Of a folder; a file has none. */
  readonly folder?: FolderOutcome;
}

/** What came of a folder. */
export interface FolderOutcome {
  /** Files that the receiver has now; those among them that it had before, with the same size and time, were not sent. */
  readonly files: number;
  readonly unchangedFiles: number;
  readonly folders: number;
  /** Files and folders that did not arrive, and why; the others did all the same. */
  readonly failed: readonly FailedEntry[];
}

export interface FailedEntry {
  /** Below the folder, separated by `/`. */
  readonly path: string;
  readonly error: TransferError;
}

/** How far a folder is; what has not been looked at yet is not in the totals. */
export interface FolderProgress {
  readonly doneFiles: number;
  readonly totalFiles: number;
  readonly failedFiles: number;
  /** The file that is moving, or moved last. */
  readonly currentFile: string | undefined;
  /** Of the file that is moving: how much of it has, and what it has in all. */
  readonly currentFileBytes: number;
  readonly currentFileSizeBytes: number;
}

/** The rate is that of the last so many samples, which are taken this far apart. */
const SAMPLE_INTERVAL_MS = 200;
const MAX_SAMPLES = 10;
/** Progress is reported no more often than this. */
const REPORT_INTERVAL_MS = 100;

interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

/** The course of a transfer as its user's `FileTransfer` reads it. */
export interface TransferView {
  readonly id: number;
  readonly direction: TransferDirection;
  readonly name: string;
  readonly state: TransferState;
  readonly isEnded: boolean;
  readonly done: Promise<TransferResult>;
  readonly error: TcpCommError | undefined;
  readonly progress: TransferProgress;
  readonly resumedFromBytes: number;
  readonly restartReason: string | undefined;
  isPausedHere: boolean;
  readonly isPausedByPeer: boolean;
  /** Told about ten times a second while bytes move, and at the end. */
  onProgress: () => void;
}

/** The course of one transfer: written by the one who moves the bytes. */
export class TransferRecord implements TransferView {
  /** 0 until it has its turn. */
  id = 0;
  readonly direction: TransferDirection;
  readonly name: string;
  onProgress: () => void = () => undefined;

  readonly #outcome = Promise.withResolvers<TransferResult>();
  readonly #samples: Sample[] = [];
  #start: Sample | undefined;
  #state: TransferState = 'waiting';
  #totalBytes: number | undefined;
  /** Asked when somebody wants to know; set by whoever moves a folder. */
  folderProgress: (() => FolderProgress) | undefined;
  isPausedHere = false;
  isPausedByPeer = false;
  #transferredBytes = 0;
  #resumedFromBytes = 0;
  #restartReason: string | undefined;
  #error: TcpCommError | undefined;
  #reportedMs = -Infinity;
  #endedMs = 0;

  constructor(direction: TransferDirection, name: string) {
    this.direction = direction;
    this.name = name;
    // A transfer that nobody waits for may fail all the same.
    this.done.catch(() => undefined);
  }

  get done(): Promise<TransferResult> {
    return this.#outcome.promise;
  }

  get state(): TransferState {
    return this.#state;
  }

  get error(): TcpCommError | undefined {
    return this.#error;
  }

  get resumedFromBytes(): number {
    return this.#resumedFromBytes;
  }

  get restartReason(): string | undefined {
    return this.#restartReason;
  }

  get isEnded(): boolean {
    return this.#state !== 'waiting' && this.#state !== 'active';
  }

  get progress(): TransferProgress {
    const bytesPerSecond = this.#bytesPerSecond;
    return {
      transferredBytes: this.#transferredBytes,
      totalBytes: this.#totalBytes,
      percent: this.#percent,
      bytesPerSecond,
      elapsedMs: this.#elapsedMs,
      remainingMs: this.#remainingMs(bytesPerSecond),
      ...(this.folderProgress && { folder: this.folderProgress() }),
    };
  }

  /** The size is known and bytes may come, from this one on. */
  begin(totalBytes: number, startBytes: number, restartReason?: string): void {
    this.#totalBytes = totalBytes;
    this.#resumedFromBytes = startBytes;
    this.#restartReason = restartReason;
    this.#transferredBytes = startBytes;
    this.#state = 'active';
    this.#start = { atMs: performance.now(), bytes: startBytes };
    this.#samples.splice(0, this.#samples.length, this.#start);
  }

  /** The connection is lost: it waits for another one. */
  interrupt(): void {
    if (!this.isEnded) this.#state = 'waiting';
  }

  /** More is known of what there is in all. */
  expect(totalBytes: number): void {
    this.#totalBytes = totalBytes;
  }

  /** So much is there from an earlier attempt, and is not sent. */
  skip(bytes: number): void {
    this.#resumedFromBytes += bytes;
    if (this.#start) this.#start = { ...this.#start, bytes: this.#start.bytes + bytes };
    for (const [index, sample] of this.#samples.entries()) {
      this.#samples[index] = { ...sample, bytes: sample.bytes + bytes };
    }
    this.advance(bytes);
  }

  advance(bytes: number): void {
    if (this.isEnded) return;
    this.#transferredBytes += bytes;
    const nowMs = performance.now();
    if (nowMs - (this.#samples.at(-1)?.atMs ?? 0) >= SAMPLE_INTERVAL_MS) this.#sample(nowMs);
    if (nowMs - this.#reportedMs < REPORT_INTERVAL_MS) return;
    this.#reportedMs = nowMs;
    this.onProgress();
  }

  finish(result: Omit<TransferResult, 'resumedFromBytes'>): void {
    if (!this.#end('done')) return;
    this.#outcome.resolve({ ...result, resumedFromBytes: this.#resumedFromBytes });
  }

  fail(error: TcpCommError): void {
    if (!this.#end(error.code === 'ERR_TCPCOMM_TRANSFER_CANCELLED' ? 'cancelled' : 'failed', error)) return;
    this.#outcome.reject(error);
  }

  #end(state: TransferState, error?: TcpCommError): boolean {
    if (this.isEnded) return false;
    this.#state = state;
    this.#error = error;
    this.#endedMs = performance.now();
    this.onProgress();
    return true;
  }

  get #percent(): number {
    if (this.#state === 'done') return 100;
    return this.#totalBytes ? Math.floor((this.#transferredBytes / this.#totalBytes) * 100) : 0;
  }

  get #elapsedMs(): number {
    return this.#start === undefined ? 0 : this.#nowMs - this.#start.atMs;
  }

  get #bytesPerSecond(): number {
    const first = this.isEnded ? this.#start : this.#samples[0];
    if (first === undefined) return 0;
    const elapsedMs = this.#nowMs - first.atMs;
    // What fits into buffers goes at once and says nothing of the rate.
    if (elapsedMs < (this.isEnded ? Number.EPSILON : SAMPLE_INTERVAL_MS)) return 0;
    return ((this.#transferredBytes - first.bytes) / elapsedMs) * 1000;
  }

  get #nowMs(): number {
    return this.isEnded ? this.#endedMs : performance.now();
  }

  #remainingMs(bytesPerSecond: number): number | undefined {
    if (this.#totalBytes === undefined) return undefined;
    const remainingBytes = this.#totalBytes - this.#transferredBytes;
    if (remainingBytes === 0) return 0;
    return bytesPerSecond > 0 ? (remainingBytes / bytesPerSecond) * 1000 : undefined;
  }

  #sample(nowMs: number): void {
    this.#samples.push({ atMs: nowMs, bytes: this.#transferredBytes });
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
  }
}
