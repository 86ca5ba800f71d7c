import { TcpCommServer } from '@tcpcomm/server';
import { checkForLeaks, waitUntil } from '@tcpcomm/test-support';
import { expect, it } from 'vitest';
import { Screen } from '../src/terminal/screen.ts';
import { TextReport } from '../src/text-report.ts';
import { workerLines, workersText } from '../src/worker-lines.ts';

checkForLeaks();

const CPU = { atMs: 0, spanMs: 1000, threadUsage: 12.4, cpuUsage: 6.2, eventLoopUtilization: 0.1, eventLoopDelayMs: 0 };

it('a worker has a line that says what it does and what that costs, as far as it is known', () => {
  const idle = { threadId: 1, isReady: true, sessions: 1, bytesPerSecond: 0, cpu: undefined };
  const busy = { threadId: 2, isReady: true, sessions: 3, bytesPerSecond: 2_500_000, cpu: CPU };
  const begun = { threadId: 7, isReady: false, sessions: 0, bytesPerSecond: 0, cpu: undefined };
  expect(workerLines([idle, busy, begun])).toEqual([
    'worker 1  1 session  0 B/s',
    'worker 2  3 sessions  2.5 MB/s  12 % of a core',
    'worker 7  begins',
  ]);
});

it('a server without workers says why', () => {
  const info = { threading: 'calling-thread', reason: 'no worker threads are wanted', workers: [] } as const;
  expect(workersText(info)).toBe('one: no worker threads are wanted');
});

it('a terminal shows the workers of a running server, until it is closed', async () => {
  const written: string[] = [];
  const stream = { isTTY: true, columns: 80, rows: 24, write: (text: string) => written.push(text) };
  const rates = { bytesPerSecond: 1_000_000, totalBytesPerSecond: Infinity, acceptsPerSecond: 100 };
  const settings = {
    host: '127.0.0.1',
    port: 0,
    root: undefined,
    images: undefined,
    threads: 1,
    allowDuplicateIds: false,
    json: false,
  };
  const report = new TextReport({ ...settings, ...rates }, new Screen(stream));
  const server = new TcpCommServer({ threads: 1 });
  server.on('listening', (address) => report.listening(address, server));
  await server.start({ port: 0, host: '127.0.0.1' });
  expect(written.join('')).toContain('threads  1 worker for the sessions');
  await waitUntil('it is shown', () => /worker \d+ {2}0 sessions {2}0 B\/s/.test(written.at(-1) ?? ''));
  await server.close();
  report.closed();
  expect(written.at(-1)).not.toContain('worker');
});
