import { join } from 'node:path';
import type { Load } from '../harness/subject.ts';

/** What is moved, and which way. */
export type FileLoad = LargeFileLoad | SmallFilesLoad;

/** One file; `count` is its size in bytes. */
export interface LargeFileLoad extends Load {
  readonly kind: 'large-file';
  readonly direction: FileDirection;
}

/** A folder with `count` files. */
export interface SmallFilesLoad extends Load {
  readonly kind: 'small-files';
  readonly direction: FileDirection;
  readonly fileBytes: number;
}

export type FileDirection = 'server-to-client' | 'client-to-server';

/** Where a file or folder comes from and goes to. */
export interface FilePaths {
  readonly sourceName: string;
  readonly source: string;
  readonly targetName: string;
  readonly target: string;
}

/** What all names of small files begin with; a number of so many digits follows, from 0. */
export const SMALL_FILE_PREFIX = 'file-';
const NUMBER_DIGITS = 5;

/** What the server offers and takes. */
export function servedFolder(folder: string): string {
  return join(folder, 'server');
}

export function filePaths({ kind, direction, count }: FileLoad, folder: string): FilePaths {
  const [from, to] = direction === 'server-to-client' ? ['server', 'client'] : ['client', 'server'];
  const sourceName = kind === 'large-file' ? `source-${count}` : `sources-${count}`;
  const targetName = 'received';
  return { sourceName, source: join(folder, from, sourceName), targetName, target: join(folder, to, targetName) };
}

/** The names of a folder's files. */
export function smallFileNames({ count }: SmallFilesLoad): string[] {
  return Array.from({ length: count }, (_, index) => `${SMALL_FILE_PREFIX}${padNumber(index)}`);
}

/** The first and the last number, as they are in the names. */
export function smallFileNumbers({ count }: SmallFilesLoad): readonly [string, string] {
  return [padNumber(0), padNumber(count - 1)];
}

function padNumber(number: number): string {
  return String(number).padStart(NUMBER_DIGITS, '0');
}
