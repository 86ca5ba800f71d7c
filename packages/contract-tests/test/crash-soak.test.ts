import { expect, it } from 'vitest';
import { checkForLeaks, createTemporaryFolder } from '@tcpcomm/test-support';
import { runCrashSoak } from '../src/soak/crash-soak.ts';

checkForLeaks();

/** Some ten processes are started one after another. */
const TIMEOUT_MS = 60_000;

it(
  'a file arrives identical, and each attempt goes on at the last durable byte, however often one of the two is killed',
  async () => {
    await using folder = createTemporaryFolder();
    const lines: string[] = [];
    const result = await runCrashSoak({
      ...{
        seed: 7,
        receiverKills: 2,
        senderKills: 2,
        fileBytes: 150_000_000,
        maxKillDelayMs: 400,
        folder: folder.path,
      },
      report: (line) => lines.push(line),
    });
    expect(result.violations, lines.join('\n')).toEqual([]);
    expect(result).toMatchObject({ kills: { receiver: 2, sender: 2 } });
    expect(result.arrivals).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);
