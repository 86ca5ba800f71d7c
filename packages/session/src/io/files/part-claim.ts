import { randomUUID } from 'node:crypto';
import { link, lstat, readFile, rename, rm } from 'node:fs/promises';
import { type TransferError, WireError } from '@tcpcomm/protocol';
import { missingFolder, toTransferError, transferError } from './file-errors.ts';
import { Journal, type JournalContent } from './journal.ts';
import { ownIdentity, stateOf } from './journal-owner.ts';
import { type PartPaths, partPathsOf } from './part-paths.ts';

/** The file as its sender offers it. */
export interface SourceFacts {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** What an earlier attempt left. */
export interface Leftover {
  /** Bytes that may be gone on with, if they prove to be the right ones; 0 for none. */
  readonly durableBytes: number;
  /** Why the file begins anew though something was there; undefined otherwise. */
  readonly restartReason: string | undefined;
}

/** A transfer of this thread that writes to some paths, or is about to. */
class Holder {
  readonly #ended = Promise.withResolvers<undefined>();
  readonly #signal: AbortSignal | undefined;
  #isEnding = false;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Whether it will end by itself, and soon. */
  get isEnding(): boolean {
    return this.#isEnding || (this.#signal?.aborted ?? false);
  }

  get ended(): Promise<unknown> {
    return this.#ended.promise;
  }

  beginEnding(): void {
    this.#isEnding = true;
  }

  end(): void {
    this.#ended.resolve(undefined);
  }
}

/** What this thread is writing, files, their parts and journals: no two transfers ever write to the same. */
const holders = new Map<string, Holder>();

/**
 * Resolves when no transfer of this thread writes to any of them: one that is ending is waited for, since who was cut off comes back at once.
 *
 * @throws TransferError `FILE_BUSY` while one is under way
 */
export async function requireUnwritten(paths: readonly string[], name: string): Promise<void> {
  for (let holder = holderOf(paths); holder !== undefined; holder = holderOf(paths)) {
    if (!holder.isEnding) throw busy(name);
    await holder.ended;
  }
}

/** Looks and takes in one step: nothing is awaited between the two. */
async function reserve(paths: readonly string[], name: string, signal: AbortSignal | undefined): Promise<Holder> {
  while (holderOf(paths) !== undefined) await requireUnwritten(paths, name);
  const holder = new Holder(signal);
  for (const path of paths) holders.set(path, holder);
  return holder;
}

function free(paths: readonly string[], holder: Holder): void {
  for (const path of paths) holders.delete(path);
  holder.end();
}

function holderOf(paths: readonly string[]): Holder | undefined {
  return holders.get(paths.find((path) => holders.has(path)) ?? '');
}

/** Somebody else may take the journal between two of our steps; not so often, though. */
const MAX_ATTEMPTS = 10;

/**
 * The right to receive a file: held by one transfer at a time, of all processes. Within this thread a set of paths says who holds
 * it, between processes the journal beside the part: it names its owner, whose death is noticed, and a generation. Whoever takes over
 * writes another generation, and one who had the part before finds that out before anything of it gets the final name.
 */
export class PartClaim {
  readonly paths: PartPaths;
  readonly leftover: Leftover;
  readonly #name: string;
  readonly #journal: Journal;
  readonly #holder: Holder;
  #isReleased = false;

  private constructor(paths: PartPaths, name: string, journal: Journal, leftover: Leftover, holder: Holder) {
    this.#holder = holder;
    this.paths = paths;
    this.#name = name;
    this.#journal = journal;
    this.leftover = leftover;
  }

  /**
   * @param signal that the transfer is over, so that the claim will end as soon as it can
   * @throws TransferError `FILE_BUSY` while another transfer holds it, or whatever the file system says
   */
  static async take(target: string, name: string, source: SourceFacts, signal?: AbortSignal): Promise<PartClaim> {
    const paths = partPathsOf(target);
    const taken = Object.values(paths) as string[];
    const holder = await reserve(taken, name, signal);
    try {
      await requireReplaceable(paths.part, name);
      const before = await takeOver(paths.journal, name);
      const leftover = await leftoverOf(paths.part, before, source);
      const { durableBytes } = leftover;
      if (durableBytes === 0) await rm(paths.part, { force: true });
      const owner = await ownIdentity();
      const journal = await Journal.create(paths.journal, { generation: randomUUID(), owner, durableBytes, ...source });
      return new PartClaim(paths, name, journal, leftover, holder);
    } catch (error) {
      free(taken, holder);
      const isLost = (error as NodeJS.ErrnoException).code === 'EEXIST';
      throw isLost ? busy(name) : toTransferError(error, name);
    }
  }

  /** Whoever wants the file from now on waits until this claim has ended. */
  beginEnding(): void {
    this.#holder.beginEnding();
  }

  /** @throws TransferError `FILE_BUSY` when another process has taken over, or what the system says of the journal */
  async requireHeld(): Promise<void> {
    const content = await Journal.read(this.paths.journal).catch((error: unknown) => {
      throw missingFolder(error, this.#name) ?? toTransferError(error, this.#name);
    });
    if (typeof content === 'object' && content.generation === this.#journal.entry.generation) return;
    throw transferError(WireError.FILE_BUSY, this.#name, 'another process has taken over this file');
  }

  /** So much of the part is durable. */
  async advance(durableBytes: number): Promise<void> {
    await this.requireHeld();
    await this.#journal.update({ durableBytes });
  }

  /** Leaves part and journal to whoever goes on. */
  async leave(durableBytes: number): Promise<void> {
    try {
      await this.requireHeld();
      await this.#journal.update({ durableBytes, owner: null });
    } finally {
      await this.#release();
    }
  }

  /** Ends the claim; the part is gone, or has its name. */
  async end(): Promise<void> {
    try {
      await this.requireHeld();
      await rm(this.paths.journal, { force: true });
    } catch {
      // It is somebody else's by now.
    } finally {
      await this.#release();
    }
  }

  async #release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    await this.#journal.close().catch(() => undefined);
    free(Object.values(this.paths) as string[], this.#holder);
  }
}

function busy(name: string): TransferError {
  return transferError(WireError.FILE_BUSY, name, 'another transfer is writing this file');
}

/** What stands in the place of the part must be one, or nothing. */
async function requireReplaceable(part: string, name: string): Promise<void> {
  const stats = await lstat(part).catch(() => undefined);
  if (stats === undefined || stats.isFile()) return;
  if (stats.isSymbolicLink())
    throw transferError(WireError.PATH_OUTSIDE_ROOT, name, 'the file beside it, where it would grow, is a link');
  throw transferError(WireError.NOT_A_FILE, name, 'where it would grow there is something else than a file');
}

/**
 * Takes the journal away from an owner that is gone, and returns what it said; undefined where there is none.
 *
 * Of two who try, one moves the file; and what it moved is looked at again, for it may be the one that the other has just made. While
 * that is aside a third may make its own: then the other has lost the part, and finds that out.
 */
async function takeOver(path: string, name: string): Promise<JournalContent | undefined> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const [content, bytes] = await readJournal(path);
    if (content === undefined) return undefined;
    if (typeof content === 'object' && content.owner && (await stateOf(content.owner)) === 'alive') throw busy(name);
    const aside = `${path}.${randomUUID()}`;
    if (!(await moved(path, aside))) continue;
    const isTheSame = bytes.equals(await readFile(aside));
    if (!isTheSame) await link(aside, path).catch(() => undefined);
    await rm(aside);
    if (isTheSame) return content;
  }
  throw busy(name);
}

async function readJournal(path: string): Promise<[JournalContent | undefined, Buffer]> {
  try {
    const content = await Journal.read(path);
    return [content, await readFile(path)];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [undefined, Buffer.alloc(0)];
    throw error;
  }
}

async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function leftoverOf(part: string, before: JournalContent | undefined, source: SourceFacts): Promise<Leftover> {
  if (before === undefined) return { durableBytes: 0, restartReason: undefined };
  const restart = (restartReason: string): Leftover => ({ durableBytes: 0, restartReason });
  if (before === 'damaged') return restart('the journal of the earlier attempt is damaged');
  if (before === 'unknown-version') return restart('the journal of the earlier attempt is of a version not known here');
  const { durableBytes, sizeBytes, modifiedMs, owner } = before;
  if (sizeBytes !== source.sizeBytes || modifiedMs !== source.modifiedMs) {
    return restart('the file has changed since the earlier attempt');
  }
  // It may still be writing, where nobody here sees it: to a file that gets another's name.
  if (owner && (await stateOf(owner)) === 'unknown') return restart('the earlier attempt was made by another machine');
  if (durableBytes === 0) return { durableBytes: 0, restartReason: undefined };
  const stats = await lstat(part).catch(() => undefined);
  if (stats === undefined) return restart('what the earlier attempt received is gone');
  if (stats.size < durableBytes || stats.size > sizeBytes) {
    return restart(`the earlier attempt has ${stats.size} bytes, its journal says ${durableBytes} of ${sizeBytes}`);
  }
  return { durableBytes, restartReason: undefined };
}
