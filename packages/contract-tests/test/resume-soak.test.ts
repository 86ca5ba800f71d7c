import { checkForLeaks, createTemporaryFolder } from '@tcpcomm/test-support';
import { expect, it } from 'vitest';
import { runResumeSoak } from '../src/soak/resume-soak.ts';

checkForLeaks();

const TIMEOUT_MS = 60_000;

it(
  'messages, requests, arrays and a file each way arrive once, in order and identical, wherever the connection breaks',
  async () => {
    await using folder = createTemporaryFolder();
    const lines: string[] = [];
    const result = await runResumeSoak({
      ...{ seed: 11, cuts: 40, fileBytes: 20_000_000, folder: folder.path },
      ...{ messages: 4_000, requests: 240, arrays: 70 },
      report: (line) => lines.push(line),
    });
    expect(result.violations, lines.join('\n')).toEqual([]);
    expect(result).toMatchObject({ cuts: 40, ended: { messages: 8_000, requests: 480, arrays: 140 } });
    expect(result.resumptions).toBeGreaterThan(30);
  },
  TIMEOUT_MS,
);
