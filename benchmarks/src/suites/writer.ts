import type { BenchmarkCase, Suite } from '../harness/suite.ts';
import { canDropPageCache } from '../measure/page-cache.ts';
import type { WriterLoad } from '../subjects/writer-load.ts';
import { prepareTarget } from '../subjects/writer-target.ts';

const FILE_BYTES = 2_147_483_648;
const MIB = 1_048_576;

/** One large file, written past the page cache and through it. */
export const suite: Suite<WriterLoad> = {
  name: 'writer',
  url: import.meta.url,
  summary: 'one file of 2 GiB written past the page cache and through it, durable',
  notes: [
    'All write zeros in pieces of the case’s size; the time ends when the file is synced (fdatasync(2)) and closed. There is one process only.',
    '`unbuffered-writer` has four buffers of that size, which is its default, `unbuffered-writer-2` and `-3` have two, which is its least, and three. `dd-direct` has one: it fills it and writes it by turns.',
    '`fs-buffered` writes through the page cache, one write after the other.',
    `Cold: there is no such file. ${
      canDropPageCache()
        ? 'The page cache of the machine has been emptied before.'
        : 'The page cache of the machine could not be emptied before, which takes root: what else is in it stays.'
    }`,
    'Warm: there is such a file, with all its blocks, none of it in the page cache. All overwrite it where it is (`dd-direct` with `conv=notrunc`).',
    '`page cache %`: by how much the page cache has grown, of the file’s size.',
    'CPU is without what the kernel does by itself, such as writing the page cache to the disk.',
  ],
  baseline: 'dd-direct',
  ratios: ['dd-direct', 'fs-buffered'].map((to) => ({ metric: 'megabytesPerSecond', to })),
  isOnDisk: true,
  cases: [
    writerCase('1MiB-cold', 'cold', MIB),
    writerCase('1MiB-warm', 'warm', MIB),
    writerCase('4MiB-cold', 'cold', 4 * MIB),
    writerCase('4MiB-warm', 'warm', 4 * MIB),
  ],
  subjects: {
    'unbuffered-writer': () => import('../subjects/unbuffered-writer-four-buffers.ts'),
    'unbuffered-writer-2': () => import('../subjects/unbuffered-writer-two-buffers.ts'),
    'unbuffered-writer-3': () => import('../subjects/unbuffered-writer-three-buffers.ts'),
    'fs-buffered': () => import('../subjects/fs-buffered-writing.ts'),
    'dd-direct': () => import('../subjects/dd-direct-writing.ts'),
  },
  programs: { 'dd-direct': ['dd'] },
  prepare: prepareTarget,
};

function writerCase(name: string, state: WriterLoad['state'], bufferBytes: number): BenchmarkCase<WriterLoad> {
  return {
    name,
    headline: 'megabytesPerSecond',
    load: { state, bufferBytes, count: FILE_BYTES / bufferBytes },
    seconds: 5,
  };
}
