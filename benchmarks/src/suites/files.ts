import type { BenchmarkCase, Suite } from '../harness/suite.ts';
import type { FileDirection, FileLoad } from '../subjects/file-load.ts';
import { prepareSource } from '../subjects/file-source.ts';

const SMALL_FILE_BYTES = 4096;

/** Files from disk to disk, one large one and many small ones, each way. */
export const suite: Suite<FileLoad> = {
  name: 'files',
  url: import.meta.url,
  summary: 'one file of 3 GB and 10,000 of 4 KiB, from the server to the client and back, durable',
  notes: [
    'From the request until all of it is durable under its final name. `tcpcomm` does that itself, as `dd` does (`conv=fdatasync`). What the others have written is synced when they are done: the large file by fsync(2), the small ones by one syncfs(2).',
    'The source is in the page cache, as far as there is memory for it, and durable. Both ends are on one disk. It writes nothing else when a measurement begins.',
    '`page cache %`: how much of the file that has arrived is in the page cache then.',
    'Programs are started within the time, which takes them some 10 ms, and `scp` some 100 ms more for its handshake; `tcpcomm` has a process that runs and is connected.',
    '`tcpcomm` verifies a hash of every file, `rsync` of every file, `scp` what is on the way, the others nothing. `scp` encrypts, the others do not.',
    '`dd` writes past the page cache, `cp` through it: both copy locally, in one process, and are the limits to compare with. `dd` takes one file.',
    'CPU is without what the kernel does by itself, such as writing the page cache to the disk.',
  ],
  baseline: 'dd',
  isOnDisk: true,
  cases: [
    largeFileCase('3gb-to-client', 'server-to-client'),
    largeFileCase('3gb-to-server', 'client-to-server'),
    smallFilesCase('10000x4kb-to-client', 'server-to-client'),
    smallFilesCase('10000x4kb-to-server', 'client-to-server'),
  ],
  subjects: {
    tcpcomm: () => import('../subjects/tcpcomm-files.ts'),
    'nginx-curl': () => import('../subjects/nginx-curl-files.ts'),
    rsync: () => import('../subjects/rsync-files.ts'),
    scp: () => import('../subjects/scp-files.ts'),
    cp: () => import('../subjects/cp-files.ts'),
    dd: () => import('../subjects/dd-files.ts'),
  },
  programs: {
    'nginx-curl': ['nginx', 'curl', 'sync'],
    rsync: ['rsync', 'sync'],
    scp: ['scp', 'ssh', 'sshd', 'ssh-keygen', 'sync'],
    cp: ['cp', 'sync'],
    dd: ['dd', 'sync'],
  },
  prepare: prepareSource,
};

function largeFileCase(name: string, direction: FileDirection): BenchmarkCase<FileLoad> {
  return {
    name,
    headline: 'megabytesPerSecond',
    load: { kind: 'large-file', direction, count: 3_000_000_000 },
    seconds: 10,
    ratios: ['nginx-curl', 'cp', 'dd'].map((to) => ({ metric: 'megabytesPerSecond', to })),
  };
}

function smallFilesCase(name: string, direction: FileDirection): BenchmarkCase<FileLoad> {
  return {
    name,
    headline: 'filesPerSecond',
    load: { kind: 'small-files', direction, count: 10_000, fileBytes: SMALL_FILE_BYTES },
    seconds: 5,
    subjects: ['tcpcomm', 'nginx-curl', 'rsync', 'scp', 'cp'],
    ratios: ['nginx-curl', 'rsync', 'cp'].map((to) => ({ metric: 'filesPerSecond', to })),
  };
}
