import { expect, it } from 'vitest';
import { checkForLeaks } from '@tcpcomm/test-support';
import { runArraySoak } from '../src/soak/array-soak.ts';

checkForLeaks();

it(
  'a large array passes, and costs both ends together less than 64 MB beside itself',
  { timeout: 60_000 },
  async () => {
    const lines: string[] = [];
    const { violations } = await runArraySoak({ arrayBytes: 120_000_000, report: (line) => lines.push(line) });
    expect(violations, lines.join('\n')).toEqual([]);
  },
);
