import { mkdtempSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const PREFIX = `tcpcomm-test-${process.pid}-`;

/** A folder for one test, gone with everything in it when it is disposed of: `await using folder = createTemporaryFolder()`. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
  /** The path of something in it. */
  join(...parts: string[]): string;
}

/** @param parent where to make it; default: the system's folder for such things */
export function createTemporaryFolder(parent = tmpdir()): TemporaryFolder {
  const path = mkdtempSync(join(parent, PREFIX));
  return {
    path,
    join: (...parts) => join(path, ...parts),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

/** Those of this process that have not been removed. */
export function existingTemporaryFolders(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith(PREFIX));
}
