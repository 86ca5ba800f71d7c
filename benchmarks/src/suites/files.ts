import type { Suite } from '../harness/suite.ts';
import { type FileLoad, prepareSource } from '../subjects/file-load.ts';

/** One large file, fetched and sent. */
export const suite: Suite<FileLoad> = {
  name: 'files',
  url: import.meta.url,
  summary: 'one file of 1 GB from the server to the client and back',
  notes: [
    'Nothing is synced to the disk, by any subject, and the source is in the page cache: this is the cost of moving, not of storing.',
    'From the request until the whole file has its name. Programs are started for it, which takes them some 10 ms.',
    '`tcpcomm` and `rsync` verify a hash of the whole file, `nginx-curl` and `cp` do not.',
    '`cp` copies locally, in one process; it is the limit to compare with.',
  ],
  baseline: 'cp',
  cases: [
    {
      name: 'server-to-client',
      headline: 'megabytesPerSecond',
      load: { direction: 'server-to-client', count: 1_000_000_000 },
    },
    {
      name: 'client-to-server',
      headline: 'megabytesPerSecond',
      load: { direction: 'client-to-server', count: 1_000_000_000 },
    },
  ],
  subjects: {
    tcpcomm: () => import('../subjects/tcpcomm-files.ts'),
    'nginx-curl': () => import('../subjects/nginx-curl-files.ts'),
    rsync: () => import('../subjects/rsync-files.ts'),
    cp: () => import('../subjects/cp-files.ts'),
  },
  programs: { 'nginx-curl': ['nginx', 'curl'], rsync: ['rsync'], cp: ['cp'] },
  prepare: prepareSource,
};
