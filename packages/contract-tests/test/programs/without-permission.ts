// Moves files as a user who may not: prints the side and code of each error as JSON. Its argument is an empty folder.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { TransferError } from '@tcpcomm/protocol';
import type { FileTransfer } from '@tcpcomm/session';
import { connectPair } from '../../src/index.ts';

const NOBODY = 65_534;

const folder = process.argv[2] ?? '';
const at = (...parts: string[]) => join(folder, ...parts);
for (const name of ['open', 'closed', 'hidden']) mkdirSync(at(name));
writeFileSync(at('open/readable'), 'readable');
writeFileSync(at('open/secret'), 'secret');
writeFileSync(at('hidden/file'), 'hidden');
chmodSync(at('open/secret'), 0o000);
chmodSync(at('closed'), 0o555);
chmodSync(at('hidden'), 0o000);
chmodSync(at('open'), 0o777);
// Root may do everything; for everybody else the modes above are enough.
if (process.getuid?.() === 0) {
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
}

const outcomes: Record<string, string> = {};
{
  await using pair = await connectPair({ session: { files: { root: folder } } });
  const attempt = async (what: string, file: FileTransfer) => {
    const error: unknown = await file.done.catch((reason: unknown) => reason);
    outcomes[what] = error instanceof TransferError ? `${error.side} ${error.code}` : String(error);
  };
  const { client } = pair;
  await attempt('get a file that may not be read', client.getFile('open/secret', { to: at('open/got') }));
  await attempt(
    'get into a folder that may not be written to',
    client.getFile('open/readable', { to: at('closed/got') }),
  );
  await attempt('send a file that may not be read', client.sendFile(at('open/secret'), { as: 'open/sent' }));
  await attempt(
    'send into a folder that may not be written to',
    client.sendFile(at('open/readable'), { as: 'closed/sent' }),
  );
  /** Takes away the right to write to the folder when the transfer has begun. */
  const whileMoving = async (what: string, name: string, start: () => FileTransfer) => {
    mkdirSync(at('open', name));
    const file = start();
    file.once('progress', () => {
      chmodSync(at('open', name), 0o555);
    });
    await attempt(what, file);
  };
  writeFileSync(at('open/large'), new Uint8Array(2_000_000));
  await whileMoving('get into a folder that is made read-only meanwhile', 'one', () =>
    client.getFile('open/large', { to: at('open/one/got') }),
  );
  await whileMoving('send into a folder that is made read-only meanwhile', 'other', () =>
    client.sendFile(at('open/large'), { as: 'open/other/sent' }),
  );
  await attempt('get below a folder that may not be entered', client.getFile('hidden/file', { to: at('open/got') }));
}
process.stdout.write(JSON.stringify(outcomes));
