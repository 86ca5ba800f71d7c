import { describe, expect, it } from 'vitest';
import type { SuiteOutcome } from '../src/harness/run-suite.ts';
import type { Suite } from '../src/harness/suite.ts';
import { renderSuite } from '../src/report/report.ts';
import { toResultFile } from '../src/report/result-file.ts';
import { type CaseTable, caseTables, formatNumber, formatRatio } from '../src/report/suite-tables.ts';
import { renderMarkdown, renderText } from '../src/report/table.ts';

const suite: Suite = {
  name: 'bulk',
  url: 'file:///bulk.ts',
  summary: 'large messages',
  notes: ['A note.'],
  baseline: 'net',
  cases: [
    { name: '64KiB', headline: 'megabytesPerSecond', load: { count: 1 } },
    { name: '1MiB', headline: 'megabytesPerSecond', load: { count: 1 } },
  ],
  subjects: {},
};
const outcome: SuiteOutcome = {
  suite,
  results: [
    {
      case: '64KiB',
      subject: 'tcpcomm',
      metrics: { megabytesPerSecond: 1500, cpuSeconds: 1.234 },
      headlineRange: [1400, 1600],
    },
    { case: '64KiB', subject: 'net', metrics: { megabytesPerSecond: 2000 }, headlineRange: [1900, 2100] },
  ],
  links: {},
  absences: [{ case: '64KiB', subject: 'http2', kind: 'failed', reason: 'no result within 5 ms' }],
};
const machine = {
  cpu: 'a CPU',
  cores: 2,
  memoryGigabytes: 8,
  system: 'Linux 6',
  node: '26.10.0',
  versions: { ws: '8.0.0' },
};

describe('a table', () => {
  const table = {
    head: ['subject', 'MB/s'],
    rows: [
      ['tcpcomm', '1,500'],
      ['net', '900'],
    ],
  };

  it('is text in columns', () => {
    expect(renderText(table)).toBe('subject   MB/s\n-------  -----\ntcpcomm  1,500\nnet        900');
  });

  it('is markdown', () => {
    expect(renderMarkdown(table)).toBe(
      '| subject |  MB/s |\n| ------- | ----: |\n| tcpcomm | 1,500 |\n| net     |   900 |',
    );
  });
});

describe('the tables of a suite', () => {
  it('give absolute values and the ratios of the headline metric to ours and to the baseline', () => {
    expect(caseTables(outcome)).toEqual([
      {
        title: 'bulk: 64KiB',
        link: '',
        table: {
          head: ['subject', 'MB/s', 'CPU s', 'MB/s lowest–highest', 'MB/s ÷ tcpcomm', 'MB/s ÷ net'],
          rows: [
            ['tcpcomm', '1,500', '1.23', '1,400–1,600', '1.00', '0.75'],
            ['net', '2,000', '-', '1,900–2,100', '1.33', '1.00'],
          ],
        },
        absences: ['http2 failed: no result within 5 ms'],
      },
    ]);
  });

  it('give the ratios that the suite asks for instead', () => {
    const ratios = [{ metric: 'cpuSeconds', to: 'tcpcomm' }] as const;
    const [{ table }] = caseTables({ ...outcome, suite: { ...suite, ratios } }) as [CaseTable];
    expect(table.head.slice(-2)).toEqual(['MB/s lowest–highest', 'CPU s ÷ tcpcomm']);
    expect(table.rows.map((row) => row.at(-1))).toEqual(['1.00', '-']);
  });

  it('give those of the case before those of the suite', () => {
    const ratios = [{ metric: 'cpuSeconds', to: 'tcpcomm' }] as const;
    const cases = [{ ...suite.cases[0]!, ratios: [{ metric: 'megabytesPerSecond', to: 'net' }] as const }];
    const [{ table }] = caseTables({ ...outcome, suite: { ...suite, ratios, cases } }) as [CaseTable];
    expect(table.head.slice(-2)).toEqual(['MB/s lowest–highest', 'MB/s ÷ net']);
  });

  it('say what was between the two ends', () => {
    const text = renderSuite({ ...outcome, links: { '64KiB': 'A relay.' } }, 'text');
    expect(text).toContain('bulk: 64KiB\n\nA relay.\n\nsubject');
  });

  it('name who is missing, also where nobody has a result', () => {
    const text = renderSuite({ ...outcome, results: [] }, 'text');
    expect(text).toContain('No results.');
    expect(text).toContain('http2 failed: no result within 5 ms');
  });

  it('are the same as markdown', () => {
    const text = renderSuite(outcome, 'markdown');
    expect(text).toContain('### bulk: large messages\n\n- A note.\n\n#### bulk: 64KiB\n\n| subject |');
    expect(text).toContain('\n\n- http2 failed: no result within 5 ms');
  });
});

it.each([
  [1_234_567.8, '1,234,568'],
  [99.96, '100'],
  [12.345, '12.3'],
  [0.045678, '0.0457'],
  [0, '0'],
  [undefined, '-'],
  [Number.NaN, '-'],
])('%s is shown as %s', (value, expected) => {
  expect(formatNumber(value)).toBe(expected);
});

it('there is no ratio to what was not measured', () => {
  expect(formatRatio(1, undefined)).toBe('-');
  expect(formatRatio(undefined, 1)).toBe('-');
  expect(formatRatio(1, 0)).toBe('-');
  expect(formatRatio(1, 3)).toBe('0.33');
});

describe('the result file', () => {
  const expected = {
    suite: 'bulk',
    machine,
    results: [
      { case: '64KiB', subject: 'tcpcomm', metrics: { megabytesPerSecond: 1500, cpuSeconds: 1.234 } },
      { case: '64KiB', subject: 'net', metrics: { megabytesPerSecond: 2000 } },
    ],
  };

  it('of one suite is the object itself', () => {
    expect(toResultFile([outcome], machine)).toEqual(expected);
  });

  it('of several suites is an array of them', () => {
    expect(toResultFile([outcome, outcome], machine)).toEqual([expected, expected]);
  });
});
