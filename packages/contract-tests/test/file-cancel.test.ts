import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { TransferError } from '@tcpcomm/protocol';
import type { FileTransfer } from '@tcpcomm/session';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, letTurnsPass, testBytes, waitUntil } from '@tcpcomm/test-support';
import { DIRECTIONS, ENDS, type FilePair, filesBelow, move, nextTransfer, routeOf } from '../src/index.ts';
import { createFilePair } from './temporary-file-pair.ts';

checkForLeaks();

const WAYS = ENDS.flatMap((end) => DIRECTIONS.map((direction) => ({ end, direction })));
const FILE_BYTES = 8_000_000;

/** Who stops a transfer, and how. */
const CANCELS = ['cancel here', 'signal here', 'cancel there', 'classic here'] as const;

async function expectSessionGoesOn({ local, remote }: FilePair): Promise<void> {
  local.removeAllListeners('message').on('message', () => undefined);
  remote.removeAllListeners('message').on('message', () => undefined);
  await local.sendText('goes on', 1, { confirm: true });
  await remote.sendText('goes on', 1, { confirm: true });
}

async function outcomeOf(file: FileTransfer): Promise<unknown> {
  return file.done.then(
    () => 'done',
    (error: unknown) => error,
  );
}

describe.each(WAYS)('a $direction by a $end', ({ end, direction }) => {
  it.each(CANCELS)(
    'stopped by %s at any moment leaves nothing, tells both ends, and the session goes on',
    async (how) => {
      await using files = await createFilePair(end);
      const { source, target } = routeOf(files, direction);
      await writeFile(join(source, 'file'), testBytes(FILE_BYTES));
      let cancelled = 0;
      await fc.assert(
        fc.asyncProperty(fc.oneof(fc.constant(0), fc.nat(FILE_BYTES)), fc.nat(3), async (afterBytes, turns) => {
          const abort = new AbortController();
          const there = nextTransfer(files.remote);
          const here = move(files, direction, 'file', { signal: abort.signal });
          const outcome = outcomeOf(here);
          const remote = await there;
          const remoteOutcome = outcomeOf(remote);
          while (here.progress.transferredBytes < afterBytes && here.state === 'active') await setImmediate();
          await letTurnsPass(turns);
          if (how === 'cancel here') here.cancel();
          else if (how === 'signal here') abort.abort();
          else if (how === 'cancel there') remote.cancel();
          else if (direction === 'get') files.local.cancelIncomingFileTransfer();
          else files.local.cancelOutgoingFileTransfer();
          for (const result of [await outcome, await remoteOutcome]) {
            if (result === 'done') continue;
            cancelled += 1;
            expect(result).toBeInstanceOf(TransferError);
            expect(result).toMatchObject({ code: 'ERR_TCPCOMM_TRANSFER_CANCELLED', number: 76 });
          }
          await waitUntil('nothing is left of it', () => here.state !== 'active' && remote.state !== 'active');
          expect((await filesBelow(target)).filter((name) => name !== 'file')).toEqual([]);
        }),
        { numRuns: 12 },
      );
      expect(cancelled).toBeGreaterThan(0);
      await expectSessionGoesOn(files);
    },
  );

  it('whose signal has aborted already fails without a trace', async () => {
    await using files = await createFilePair(end);
    const { source, target } = routeOf(files, direction);
    await writeFile(join(source, 'file'), 'content');
    const file = move(files, direction, 'file', { signal: AbortSignal.abort() });
    await expect(file.done).rejects.toMatchObject({ code: 'ERR_TCPCOMM_TRANSFER_CANCELLED', side: 'local' });
    expect(file.state).toBe('cancelled');
    await expectSessionGoesOn(files);
    expect(await filesBelow(target)).toEqual([]);
  });

  it('tells each end on whose side the cause lies', async () => {
    await using files = await createFilePair(end, { server: { bytesPerSecond: 9_000_000 } });
    const { source } = routeOf(files, direction);
    await writeFile(join(source, 'file'), testBytes(FILE_BYTES));
    const there = nextTransfer(files.remote);
    const here = move(files, direction, 'file');
    const remote = await there;
    here.cancel();
    await expect(here.done).rejects.toMatchObject({ side: 'local' });
    await expect(remote.done).rejects.toMatchObject({ side: 'remote' });
    expect([here.state, remote.state]).toEqual(['cancelled', 'cancelled']);
    expect(here.error).toBeInstanceOf(TransferError);
  });

  it('cancelled after its end stays what it was', async () => {
    await using files = await createFilePair(end);
    const { source } = routeOf(files, direction);
    await writeFile(join(source, 'file'), 'content');
    const abort = new AbortController();
    const file = move(files, direction, 'file', { signal: abort.signal });
    await file.done;
    file.cancel();
    abort.abort();
    expect([file.state, file.error]).toEqual(['done', undefined]);
  });

  it.each(['is cancelled at once', 'was cancelled before', 'does not exist'])(
    'of a file that %s uses up nothing: two hundred times is no more than once',
    async (what) => {
      await using files = await createFilePair(end);
      const { source } = routeOf(files, direction);
      const name = what === 'does not exist' ? 'missing' : 'file';
      const options = what === 'was cancelled before' ? { signal: AbortSignal.abort() } : {};
      await writeFile(join(source, 'file'), 'content');
      for (let round = 0; round < 200; round += 1) {
        const file = move(files, direction, name, options);
        if (what === 'is cancelled at once') file.cancel();
        await expect(file.done).rejects.toBeInstanceOf(TransferError);
        // The other end has to agree before an id is free again.
        if (round % 50 === 49) await expectSessionGoesOn(files);
      }
      await move(files, direction, 'file').done;
    },
  );
});
