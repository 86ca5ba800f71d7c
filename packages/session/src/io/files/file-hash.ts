import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import xxhash from 'xxhash-wasm';

/** How a whole file is verified: XXH64 finds every accident, SHA-256 a forger as well, at several times the cost. */
export type Integrity = 'xxh64' | 'sha256';

export const INTEGRITIES: readonly Integrity[] = ['xxh64', 'sha256'];

/** A running hash of a file, as docs/PROTOCOL.md §9.5 wants it. */
export interface FileHash {
  update(bytes: Uint8Array): void;
  /** The hash of all bytes so far in lower-case hexadecimal digits; more may follow. */
  digest(): string;
}

const BLOCK_BYTES = 1_048_576;
const XXH64_DIGITS = 16;

let loading: ReturnType<typeof xxhash> | undefined;

export async function createFileHash(integrity: Integrity): Promise<FileHash> {
  return integrity === 'sha256' ? createSha256() : createXxh64();
}

/**
 * Adds the first bytes of a file to the hash; returns how many there were, which is less where the file ends before.
 *
 * @throws the reason of the signal when that aborts
 */
export async function hashBeginning(
  handle: FileHandle,
  hash: FileHash,
  byteLength: number,
  signal?: AbortSignal,
): Promise<number> {
  const block = new Uint8Array(Math.min(BLOCK_BYTES, byteLength));
  let at = 0;
  while (at < byteLength) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(block, 0, Math.min(block.length, byteLength - at), at);
    if (bytesRead === 0) break;
    hash.update(block.subarray(0, bytesRead));
    at += bytesRead;
  }
  return at;
}

async function createXxh64(): Promise<FileHash> {
  loading ??= xxhash();
  const hash = (await loading).create64();
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    digest: () => hash.digest().toString(16).padStart(XXH64_DIGITS, '0'),
  };
}

function createSha256(): FileHash {
  const hash = createHash('sha256');
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    digest: () => hash.copy().digest('hex'),
  };
}
