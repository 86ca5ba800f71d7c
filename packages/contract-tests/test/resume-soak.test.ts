import { checkForLeaks, createTemporaryFolder } from '@tcpcomm/test-support';
import { expect, it } from 'vitest';
import { runResumeSoak } from '../src/soak/resume-soak.ts';

checkForLeaks();

const TIMEOUT_MS = 60_000;

it(
  'messages on twenty channels and a file each way arrive once, in order and identical, wherever the connection breaks',
  async () => {
    await using folder = createTemporaryFolder();
    const lines: string[] = [];
    const result = await runResumeSoak({
      ...{ seed: 11, cuts: 40, messages: 4_000, fileBytes: 20_000_000, folder: folder.path },
      report: (line) => lines.push(line),
    });
    expect(result.violations, lines.join('\n')).toEqual([]);
    expect(result).toMatchObject({ cuts: 40, messages: 8_000 });
    expect(result.resumptions).toBeGreaterThan(30);
  },
  TIMEOUT_MS,
);
