import { UnbufferedWriter } from '@tcpcomm/unbuffered-writer';
import type { Subject } from '../harness/subject.ts';
import { serveNothing } from './no-server.ts';
import { totalBytes, type WriterLoad } from './writer-load.ts';
import { measureWriting } from './writer-measurement.ts';
import { checkTarget } from './writer-target.ts';

/** Ours with so many buffers: it is given the bytes in pieces of the size of a buffer, and told how many there will be. */
export function createUnbufferedWriting(bufferCount: number): Subject<WriterLoad> {
  return {
    serve: serveNothing,

    async drive(_load, _endpoint, folder) {
      return {
        run: (load) => measureWriting(load, folder, (path) => write(path, load, bufferCount)),
        check: (load) => checkTarget(load, folder),
        close: async () => undefined,
      };
    },
  };
}

async function write(path: string, load: WriterLoad, bufferCount: number): Promise<void> {
  const { bufferBytes, count } = load;
  const piece = new Uint8Array(bufferBytes);
  const writer = await UnbufferedWriter.open(path, { bufferBytes, bufferCount, expectedBytes: totalBytes(load) });
  for (let written = 0; written < count; written += 1) await writer.write(piece);
  await writer.close();
}
