import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { createTemporaryFolder } from './temporary-folder.ts';

export interface MountedDisk extends AsyncDisposable {
  /** Its folder. */
  readonly path: string;
  /** The path of something on it. */
  join(...parts: string[]): string;
}

/** Why nothing can be mounted here; undefined where it can. In continuous integration that is an error. */
export function reasonAgainstMounting(): string | undefined {
  if (process.platform === 'linux' && process.getuid?.() === 0 && canMount()) return undefined;
  const reason = 'only root on Linux, where mounting is allowed, can mount one';
  if (process.env.CI === 'true') throw new Error(reason);
  return reason;
}

/** A file system in memory that is full after so many bytes. */
export function mountSmallDisk(bytes: number): MountedDisk {
  return mount('tmpfs', `size=${bytes},mode=0700`);
}

/** A file system that knows no O_DIRECT. */
export function mountWithoutDirect(): MountedDisk {
  return mount('ramfs', 'mode=0700');
}

function mount(type: string, options: string): MountedDisk {
  const folder = createTemporaryFolder();
  execFileSync('mount', ['-t', type, '-o', options, type, folder.path]);
  return {
    path: folder.path,
    join: (...parts) => join(folder.path, ...parts),
    [Symbol.asyncDispose]: async () => {
      execFileSync('umount', [folder.path]);
      await folder[Symbol.asyncDispose]();
    },
  };
}

function canMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
