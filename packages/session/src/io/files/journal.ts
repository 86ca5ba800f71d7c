import { constants, type FileHandle, open } from 'node:fs/promises';
import { createFileHash } from './file-hash.ts';
import type { JournalOwner } from './journal-owner.ts';

/** What is known of a part that may be gone on with (docs/ARCHITECTURE.md, "Parts"). */
export interface JournalEntry {
  /** Grows with each entry; the valid one with the highest counts. */
  readonly sequence: number;
  /** Of everybody who takes over the part another: who finds one that is not theirs has lost it. */
  readonly generation: string;
  /** Nobody, while no transfer is under way. */
  readonly owner: JournalOwner | null;
  /** The file that is received, as it was offered. */
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** Bytes of the part, from its beginning on, that outlast a failure of the power. */
  readonly durableBytes: number;
}

/** An entry, nothing readable, or the entry of a version that is not known here. */
export type JournalContent = JournalEntry | 'damaged' | 'unknown-version';

const VERSION = 1;
/** Entries are written in turn to two places, so that a failure while one is written leaves the other. */
const SLOT_BYTES = 1_024;
const SLOTS = 2;

/** The small file beside a part that says how far it can be trusted. Each entry is a line of JSON and its checksum. */
export class Journal {
  readonly #handle: FileHandle;
  #entry: JournalEntry;

  private constructor(handle: FileHandle, entry: JournalEntry) {
    this.#handle = handle;
    this.#entry = entry;
  }

  /** Makes a journal where there is none. @throws what the system says, `EEXIST` among it */
  static async create(path: string, entry: Omit<JournalEntry, 'sequence'>): Promise<Journal> {
    const journal = new Journal(await open(path, 'wx'), { ...entry, sequence: 0 });
    try {
      await journal.update({});
      return journal;
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  /** @throws what the system says, `ENOENT` among it */
  static async read(path: string): Promise<JournalContent> {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(SLOT_BYTES * SLOTS), 0, SLOT_BYTES * SLOTS, 0);
      return await newestOf(buffer.subarray(0, bytesRead));
    } finally {
      await handle.close();
    }
  }

  get entry(): JournalEntry {
    return this.#entry;
  }

  /**
   * Writes what has changed. It is not made durable itself: after a failure of the power an earlier entry holds, which promises less;
   * and after any other failure it is there.
   */
  async update(changes: Partial<Pick<JournalEntry, 'owner' | 'durableBytes'>>): Promise<void> {
    this.#entry = { ...this.#entry, ...changes, sequence: this.#entry.sequence + 1 };
    const slot = new Uint8Array(SLOT_BYTES).fill(0x20);
    new TextEncoder().encodeInto(await lineOf(this.#entry), slot);
    await this.#handle.write(slot, 0, SLOT_BYTES, (this.#entry.sequence % SLOTS) * SLOT_BYTES);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

async function lineOf(entry: JournalEntry): Promise<string> {
  const json = JSON.stringify({ version: VERSION, ...entry });
  return `${await checksumOf(json)} ${json}\n`;
}

async function newestOf(bytes: Uint8Array): Promise<JournalContent> {
  let newest: JournalContent = 'damaged';
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const content = await parse(bytes.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES));
    if (content === 'damaged') continue;
    if (content === 'unknown-version') return content;
    if (newest === 'damaged' || content.sequence > newest.sequence) newest = content;
  }
  return newest;
}

async function parse(slot: Uint8Array): Promise<JournalContent> {
  const [checksum, json] = splitOnce(new TextDecoder().decode(slot).trimEnd());
  if (checksum === '' || checksum !== (await checksumOf(json))) return 'damaged';
  const entry = JSON.parse(json) as JournalEntry & { readonly version: number };
  if (entry.version !== VERSION) return 'unknown-version';
  const { sequence, sizeBytes, durableBytes } = entry;
  const isSound = [sequence, sizeBytes, durableBytes].every((count) => Number.isSafeInteger(count) && count >= 0);
  return isSound && durableBytes <= sizeBytes ? entry : 'damaged';
}

function splitOnce(line: string): [string, string] {
  const at = line.indexOf(' ');
  return [line.slice(0, Math.max(0, at)), line.slice(at + 1)];
}

async function checksumOf(text: string): Promise<string> {
  const hash = await createFileHash('xxh64');
  hash.update(new TextEncoder().encode(text));
  return hash.digest();
}
