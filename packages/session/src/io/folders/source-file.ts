import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { type FolderEntry, type TransferError, WireError } from '@tcpcomm/protocol';
import { transferError } from '../files/file-errors.ts';
import { createFileHash, type Integrity } from '../files/file-hash.ts';
import { openBelow } from '../files/root-directory.ts';

/** A file that has been read at once. */
export interface WholeFile {
  readonly bytes: Uint8Array;
  readonly hash: string;
}

/** Opens a file that the receiver was told of. @throws TransferError `SOURCE_CHANGED` if it is not what was told */
export async function openSource(root: string, entry: FolderEntry): Promise<FileHandle> {
  const handle = await openBelow(root, join(root, entry.path), entry.path);
  try {
    await requireUnchanged(handle, entry);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Reads a file that the receiver was told of. @throws TransferError `SOURCE_CHANGED` if it is not what was told */
export async function readWhole(root: string, entry: FolderEntry, integrity: Integrity): Promise<WholeFile> {
  const handle = await openBelow(root, join(root, entry.path), entry.path);
  try {
    const bytes = new Uint8Array(entry.sizeBytes);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    if (bytesRead < bytes.length) throw changed(entry);
    // Afterwards: it finds all that a look before would, and what has changed in between.
    await requireUnchanged(handle, entry);
    const hash = await createFileHash(integrity);
    hash.update(bytes);
    return { bytes, hash: hash.digest() };
  } finally {
    await handle.close();
  }
}

export async function requireUnchanged(handle: FileHandle, entry: FolderEntry): Promise<void> {
  const stats = await handle.stat();
  if (!stats.isFile() || stats.size !== entry.sizeBytes || stats.mtimeMs !== entry.modifiedMs) throw changed(entry);
}

export function changed({ path }: FolderEntry): TransferError {
  return transferError(WireError.SOURCE_CHANGED, path, 'the file changed while the folder was sent');
}
