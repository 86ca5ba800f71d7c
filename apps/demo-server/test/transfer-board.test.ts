import { waitUntil } from '@tcpcomm/test-support';
import { expect, it } from 'vitest';
import type { TransferView } from '../src/terminal/progress-line.ts';
import { Screen } from '../src/terminal/screen.ts';
import { TransferBoard } from '../src/terminal/transfer-board.ts';

const VIEW: TransferView = {
  direction: 'incoming',
  name: 'picture.jpg',
  progress: {
    transferredBytes: 42,
    totalBytes: 100,
    percent: 42,
    bytesPerSecond: 10,
    elapsedMs: 1,
    remainingMs: undefined,
  },
};

/** What was written to a screen, one entry a repaint. */
function createScreen(isTTY: boolean): { readonly screen: Screen; readonly written: string[] } {
  const written: string[] = [];
  const stream = { isTTY, columns: 80, rows: 24, write: (text: string) => written.push(text) };
  return { screen: new Screen(stream), written };
}

it('shows lines below the transfers, and without any', async () => {
  const { screen, written } = createScreen(true);
  const board = new TransferBoard(screen);
  let footer: string[] = [];
  board.footer = () => footer;
  const transfer = {};
  board.update(transfer, VIEW);
  await waitUntil('it is drawn', () => written.length === 1);
  expect(written[0]).toContain('picture.jpg');
  footer = ['worker 1', 'worker 2'];
  board.refresh();
  expect(written[1]).toMatch(/picture\.jpg.*\nworker 1\nworker 2\n$/s);
  board.end(transfer, 'done');
  expect(written.at(-1)).not.toContain('picture.jpg');
  expect(written.at(-1)).toMatch(/worker 1\nworker 2\n$/);
  footer = [];
  board.refresh();
  expect(written.at(-1)).not.toContain('worker');
});

it('shows no such lines where there is no terminal', async () => {
  const { screen, written } = createScreen(false);
  const board = new TransferBoard(screen);
  board.footer = () => ['background thread: 7 % of a core'];
  const transfer = {};
  board.update(transfer, VIEW);
  await waitUntil('a line is printed', () => {
    board.update(transfer, VIEW);
    board.refresh();
    return written.length > 0;
  });
  board.end(transfer, 'done');
  expect(written).toEqual([expect.stringContaining('picture.jpg'), 'done\n']);
});
