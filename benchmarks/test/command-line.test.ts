import { describe, expect, it } from 'vitest';
import { CommandLineError, helpText, listText, parseCommandLine } from '../src/command-line.ts';
import { suites } from '../src/suites/suite-list.ts';

const parse = (...args: string[]) => parseCommandLine(args, suites);

it('without arguments all suites run, in five rounds', () => {
  const options = parse();
  expect(options).toMatchObject({ action: 'run', rounds: 5, scale: 1, format: 'text' });
  expect(options.suites.map(({ name }) => name)).toEqual([
    ...['bulk', 'messages', 'requests', 'arrays', 'files', 'writer', 'latency', 'throttle', 'sessions', 'threads'],
    'cpu-monitor',
  ]);
});

it('named suites run once, in the order given', () => {
  expect(parse('files', 'bulk', 'files').suites.map(({ name }) => name)).toEqual(['files', 'bulk']);
});

it('options are taken, and override --quick', () => {
  expect(parse('--quick', '--rounds', '3', '--json', 'x.json', '--markdown', '--case', '64KiB')).toMatchObject({
    rounds: 3,
    scale: 0.02,
    jsonPath: 'x.json',
    format: 'markdown',
    cases: ['64KiB'],
  });
});

it.each([
  [
    ['nonsense'],
    'there is no suite nonsense; the suites are bulk, messages, requests, arrays, files, writer, latency, throttle, sessions',
  ],
  [['bulk', '--case', '2MiB'], 'there is no case 2MiB; the cases are 64KiB, 1MiB'],
  [
    ['bulk', '--subject', 'ws'],
    'there is no subject ws; the subjects are tcpcomm, tcpcomm-owned, net, net-whole, http2',
  ],
  [
    ['files', '--case', '1gb'],
    'there is no case 1gb; the cases are 3gb-to-client, 3gb-to-server, 10000x4kb-to-client, 10000x4kb-to-server',
  ],
  [['writer', '--case', 'hot'], 'there is no case hot; the cases are 1MiB-cold, 1MiB-warm, 4MiB-cold, 4MiB-warm'],
  [['--rounds', '0'], '--rounds must be a whole number from 1, got 0'],
  [['--rounds', ''], '--rounds must be a whole number from 1, got '],
  [['--scale', '-1'], "Option '--scale' argument is ambiguous"],
  [['--scale', 'NaN'], '--scale must be a number above 0, got NaN'],
  [['--fast'], "Unknown option '--fast'"],
])('%j is refused: %s', (args, message) => {
  expect(() => parse(...args)).toThrow(CommandLineError);
  expect(() => parse(...args)).toThrow(message);
});

describe('help and list', () => {
  it('name every suite', () => {
    for (const { name, summary } of suites) {
      expect(helpText(suites)).toMatch(new RegExp(`^ {2}${name} +${summary}$`, 'm'));
      expect(listText(suites)).toContain(`${name}: ${summary}\n  cases     `);
    }
  });

  it('the list says what is not installed', () => {
    const text = listText([{ ...suites[0]!, programs: { net: ['no-such-program'] } }]);
    expect(text).toContain('net (not installed: no-such-program)');
  });
});
