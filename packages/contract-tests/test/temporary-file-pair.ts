import { mkdir } from 'node:fs/promises';
import { createTemporaryFolder } from '@tcpcomm/test-support';
import { connectFilePair, type End, type FilePair, type PairOptions } from '../src/index.ts';

/** A file pair on folders of its own, gone with it. */
export async function createFilePair(end: End, options: PairOptions = {}): Promise<FilePair> {
  const folder = createTemporaryFolder();
  const folders = { localFolder: folder.join('local'), remoteFolder: folder.join('remote') };
  await Promise.all(Object.values(folders).map((path) => mkdir(path)));
  const files = await connectFilePair(end, folders, options);
  return {
    ...files,
    [Symbol.asyncDispose]: async () => {
      await files[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
