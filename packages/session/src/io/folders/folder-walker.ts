import type { Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { type FolderEntry, type TransferError, WireError } from '@tcpcomm/protocol';
import { toTransferError, transferError } from '../files/file-errors.ts';
import { JOURNAL_SUFFIX, PART_SUFFIX } from '../files/part-paths.ts';
import { STAGING_FOLDER } from './staging.ts';

/** `flat`: the folder itself. `deep`: all below it. */
export type WalkDepth = 'flat' | 'deep';

/** Something below a folder: what it is, or why that cannot be told. */
export type Walked =
  { readonly path: string; readonly entry: FolderEntry } | { readonly path: string; readonly error: TransferError };

/** So many files are looked at together: each is a trip to another thread. */
const LOOKS_AT_ONCE = 32;
const PERMISSIONS = 0o777;

/**
 * Everything below a folder, each folder before what is in it, in the order of the names. A link to a file below the folder is that file;
 * other links, devices and the like cannot be sent, and what other transfers are receiving is left out.
 *
 * @throws what the system says of the folder itself
 */
export async function* walkFolder(root: string, depth: WalkDepth): AsyncGenerator<Walked> {
  const realRoot = await realpath(root);
  const folders = [''];
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    let names: string[];
    try {
      names = withoutParts(await readdir(join(realRoot, folder)));
    } catch (error) {
      if (folder === '') throw error;
      yield { path: folder, error: toTransferError(error, folder) };
      continue;
    }
    const below: string[] = [];
    for (let at = 0; at < names.length; at += LOOKS_AT_ONCE) {
      const paths = names.slice(at, at + LOOKS_AT_ONCE).map((name) => (folder === '' ? name : `${folder}/${name}`));
      for (const walked of await Promise.all(paths.map((path) => look(realRoot, path)))) {
        yield walked;
        if (depth === 'deep' && 'entry' in walked && walked.entry.type === 'folder') below.push(walked.path);
      }
    }
    folders.unshift(...below);
  }
}

function withoutParts(names: readonly string[]): string[] {
  const all = new Set(names);
  const isPart = (name: string) =>
    name === STAGING_FOLDER ||
    (name.endsWith(PART_SUFFIX) && all.has(name + JOURNAL_SUFFIX)) ||
    name.endsWith(PART_SUFFIX + JOURNAL_SUFFIX);
  return names.filter((name) => !isPart(name)).sort();
}

async function look(realRoot: string, path: string): Promise<Walked> {
  try {
    const absolute = join(realRoot, path);
    const stats = await lstat(absolute);
    return { path, entry: entryOf(path, stats.isSymbolicLink() ? await follow(realRoot, absolute, path) : stats) };
  } catch (error) {
    return { path, error: toTransferError(error, path) };
  }
}

/** What a link leads to, if that is a file below the root. */
async function follow(realRoot: string, absolute: string, path: string): Promise<Stats> {
  const target = await realpath(absolute);
  if (!target.startsWith(realRoot + sep)) throw transferError(WireError.PATH_OUTSIDE_ROOT, path);
  const stats = await stat(target);
  if (!stats.isFile()) throw transferError(WireError.NOT_A_FILE, path, 'a link to a folder is not followed');
  return stats;
}

function entryOf(path: string, stats: Stats): FolderEntry {
  if (!stats.isFile() && !stats.isDirectory()) throw transferError(WireError.NOT_A_FILE, path);
  const isFile = stats.isFile();
  return {
    path,
    type: isFile ? 'file' : 'folder',
    sizeBytes: isFile ? stats.size : 0,
    modifiedMs: stats.mtimeMs,
    mode: stats.mode & PERMISSIONS,
  };
}
