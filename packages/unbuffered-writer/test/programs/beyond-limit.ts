import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { UnbufferedWriter } from '../../src/index.ts';

// Run with a limit on the size of files: writes more than that, and prints what became of it.
const folder = await mkdtemp(join(tmpdir(), 'beyond-limit-'));
try {
  const path = join(folder, 'file');
  const writer = await UnbufferedWriter.open(path, { bufferBytes: 65_536 });
  let code: string | undefined;
  try {
    for (let at = 0; at < 20; at += 1) await writer.write(new Uint8Array(100_000));
    await writer.close();
  } catch (error) {
    code = (error as NodeJS.ErrnoException).code;
    await writer.close().catch(() => undefined);
  }
  process.stdout.write(JSON.stringify({ code, bytesWritten: writer.bytesWritten, size: (await stat(path)).size }));
} finally {
  await rm(folder, { recursive: true });
}
