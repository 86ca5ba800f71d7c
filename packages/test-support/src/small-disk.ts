import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { createTemporaryFolder } from './temporary-folder.ts';

export interface SmallDisk extends AsyncDisposable {
  /** Its folder. */
  readonly path: string;
}

/** Why there can be no small disk here; undefined where there can. In continuous integration the lack of one is an error. */
export function reasonAgainstSmallDisk(): string | undefined {
  if (process.platform === 'linux' && process.getuid?.() === 0 && canMount()) return undefined;
  const reason = 'only root on Linux, where mounting is allowed, can make a small disk';
  if (process.env.CI === 'true') throw new Error(reason);
  return reason;
}

/** A file system in memory that is full after so many bytes. */
export function mountSmallDisk(bytes: number): SmallDisk {
  const folder = createTemporaryFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', folder.path]);
  return {
    path: folder.path,
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
