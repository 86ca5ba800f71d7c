import { mkdir } from 'node:fs/promises';
import { createTemporaryFolder, type TemporaryFolder } from '@tcpcomm/test-support';
import { connectFilePair, type End, type FilePair, type FilePairFolders, type PairOptions } from '../src/index.ts';

/** What the two ends of a pair offer, made below the folder. */
export async function makeFilePairFolders(folder: TemporaryFolder): Promise<FilePairFolders> {
  const folders = { localFolder: folder.join('local'), remoteFolder: folder.join('remote') };
  await Promise.all(Object.values(folders).map((path) => mkdir(path)));
  return folders;
}

/** A file pair on folders of its own, gone with it. */
export async function createFilePair(end: End, options: PairOptions = {}): Promise<FilePair> {
  const folder = createTemporaryFolder();
  const files = await connectFilePair(end, await makeFilePairFolders(folder), options);
  return {
    ...files,
    [Symbol.asyncDispose]: async () => {
      await files[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
