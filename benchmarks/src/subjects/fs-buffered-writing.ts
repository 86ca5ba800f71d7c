import { constants, open } from 'node:fs/promises';
import type { Subject } from '../harness/subject.ts';
import { serveNothing } from './no-server.ts';
import type { WriterLoad } from './writer-load.ts';
import { measureWriting } from './writer-measurement.ts';
import { checkTarget } from './writer-target.ts';

/** `node:fs` through the page cache, in pieces of the same size. What is there is overwritten where it is. */
export const subject: Subject<WriterLoad> = {
  serve: serveNothing,

  async drive(_load, _endpoint, folder) {
    return {
      run: (load) => measureWriting(load, folder, (path) => write(path, load)),
      check: (load) => checkTarget(load, folder),
      close: async () => undefined,
    };
  },
};

async function write(path: string, { bufferBytes, count }: WriterLoad): Promise<void> {
  const piece = new Uint8Array(bufferBytes);
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT);
  for (let index = 0; index < count; index += 1) await file.write(piece, 0, bufferBytes, index * bufferBytes);
  await file.datasync();
  await file.close();
}
