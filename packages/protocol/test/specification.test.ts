import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as protocol from '../src/index.ts';
import {
  type ControlFrameType,
  decodeControlMessage,
  decodeFailure,
  DEFAULT_RECEIVE_LIMITS,
  encodeControlMessage,
  FrameType,
  frameTypeName,
  isControlFrameType,
  WireError,
} from '../src/index.ts';

const specification = readFileSync(new URL('../../../docs/PROTOCOL.md', import.meta.url), 'utf8');

it('has the sections that the source refers to', () => {
  expect(headings(2)).toEqual([
    '1. Overview and terms',
    '2. Preface',
    '3. Frames',
    '4. Frame types',
    '5. Handshake',
    '6. Control messages of the session',
    '7. Messages, credit, acknowledgement, ping',
    '8. Goodbye and errors',
    '9. File transfers',
    '10. Error table',
    '11. Security considerations',
    '12. History',
    'Appendix A: limits',
  ]);
});

it('has links that lead somewhere', () => {
  const anchors = [2, 3, 4].flatMap(headings).map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^a-z0-9 _-]/g, '')
      .replaceAll(' ', '-'),
  );
  const targets = [...specification.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor]) => anchor!);
  expect(targets.filter((target) => !anchors.includes(target))).toEqual([]);
});

it('has the same error table as the source', () => {
  const rows = tableRows(section('10. Error table')).map(([number, name]) => [name, Number(number)]);
  expect(rows).toEqual(Object.entries(WireError));
});

it('has the same frame types as the source', () => {
  const rows = tableRows(section('4. Frame types'))
    .filter(([type]) => type !== '')
    .map(([type, name]) => [name, Number(type)]);
  expect(rows).toEqual(Object.entries(FrameType));
});

describe('limits', () => {
  const [fixed, announced] = section('Appendix A: limits').split('Announced by each side');
  const documented = Object.fromEntries(tableRows(fixed!).map(([name, value]) => [name!, numberOf(value!)]));

  it('has every exported number with its value', () => {
    const exported = Object.entries(protocol).filter(([, value]) => typeof value === 'number');
    expect(documented).toMatchObject(Object.fromEntries(exported));
  });

  it('has nothing else but what the source keeps to itself, with the value that it enforces', () => {
    const inner = Object.keys(documented).filter((name) => !Object.hasOwn(protocol, name));
    const enforced: Record<string, number> = {
      MAX_COUNTER: Number.MAX_SAFE_INTEGER,
      MAX_REASON_LENGTH: longest(
        (length) => Buffer.from(JSON.stringify({ code: 96, message: '', reason: 'x'.repeat(length) })),
        undefined,
        decodeFailure,
      ),
      MAX_SENTENCE_LENGTH: longest((length) =>
        encodeControlMessage(FrameType.ERROR, { code: 0, message: 'x'.repeat(length) }),
      ),
      MAX_FEATURES: longest((length) => hello({ features: Array<string>(length).fill('') }), FrameType.HELLO),
      MAX_FEATURE_LENGTH: longest((length) => hello({ features: ['x'.repeat(length)] }), FrameType.HELLO),
      MAX_PATH_LENGTH: longest(
        (length) => encodeControlMessage(FrameType.FILE_REQUEST, { path: 'x'.repeat(length) }),
        FrameType.FILE_REQUEST,
      ),
    };
    expect(Object.fromEntries(inner.map((name) => [name, documented[name]]))).toEqual(enforced);
  });

  it('has the lengths of what a side says of a session that is taken up again, with the values that it enforces', () => {
    const { MAX_CREDENTIALS_LENGTH, MAX_SESSION_KEY_LENGTH, MAX_STANDING_TRANSFERS } = documented;
    const transfers = { continued: [], done: [] };
    const resume = (change: object) => hello({ resume: { sessionId: 1, key: '', received: {}, transfers, ...change } });
    const ids = (length: number) => Array<number>(length).fill(1);
    const done = (length: number) => ids(length).map((id) => ({ id }));
    const encoders: readonly ((length: number) => Uint8Array)[] = [
      (length) => hello({ auth: 'x'.repeat(length) }),
      (length) => resume({ key: 'x'.repeat(length) }),
      (length) => resume({ transfers: { ...transfers, continued: ids(length) } }),
      (length) => resume({ transfers: { ...transfers, done: done(length) } }),
    ];
    expect(encoders.map((encode) => longest(encode, FrameType.HELLO))).toEqual([
      MAX_CREDENTIALS_LENGTH,
      MAX_SESSION_KEY_LENGTH,
      MAX_STANDING_TRANSFERS,
      MAX_STANDING_TRANSFERS,
    ]);
  });

  it('has the bounds and defaults of what each side announces', () => {
    const rows = tableRows(announced!).map(([name, ...values]) => ({ name: name!.replaceAll('`', ''), values }));
    const defaults = rows.map(({ name, values }) => [name, numberOf(values[2]!)]);
    expect(Object.fromEntries(defaults)).toEqual(DEFAULT_RECEIVE_LIMITS);
    for (const { name, values } of rows) {
      const [least, most] = [numberOf(values[0]!), numberOf(values[1]!)];
      const isAccepted = (value: number) =>
        accepts(FrameType.HELLO, hello({ limits: { ...DEFAULT_RECEIVE_LIMITS, [name]: value } }));
      expect([least - 1, least, most, most + 1].map(isAccepted)).toEqual([false, true, true, false]);
    }
  });
});

describe('examples', () => {
  const messages = [...specification.matchAll(/^#{3,4} (?:6\.\d )?([A-Z_]+)\n((?:(?!^#).)*)/gms)];
  const examples = messages.flatMap(([, name, text]) =>
    [...text!.matchAll(/^```json\n(.*?)^```/gms)].map(([, json]) => ({ name: name!, json: json! })),
  );

  it.each(examples)('$name is accepted', ({ name, json }) => {
    const type = FrameType[name as keyof typeof FrameType] as ControlFrameType;
    expect(decodeControlMessage(type, Buffer.from(json))).toEqual(JSON.parse(json));
  });

  it('are there for every control message', () => {
    const types = Object.values(FrameType).filter((type) => isControlFrameType(type));
    expect([...new Set(examples.map(({ name }) => name))]).toEqual(types.map((type) => frameTypeName(type)));
  });

  it('show each property that a session needs to be taken up again, and both answers to IDENTIFY', () => {
    const shown = (type: string) =>
      examples.filter(({ name }) => name === type).map(({ json }) => Object.keys(JSON.parse(json) as object));
    expect(shown('HELLO').map((names) => names.slice(4))).toEqual([[], ['auth', 'resume']]);
    expect(shown('WELCOME').map((names) => names.slice(6))).toEqual([['sessionKey'], ['sessionKey', 'resumed']]);
    expect(shown('IDENTIFIED')).toEqual([[], ['refused']]);
  });
});

function headings(level: number): string[] {
  return [...specification.matchAll(new RegExp(`^${'#'.repeat(level)} (.*)$`, 'gm'))].map(([, heading]) => heading!);
}

function section(heading: string): string {
  const [, found] = specification.split(`\n## ${heading}\n`);
  return found!.split('\n## ')[0]!;
}

/** The cells of all tables in the text, without the rows that head them. */
function tableRows(text: string): string[][] {
  const rows = text.split('\n').map((line) => (line.startsWith('|') ? cells(line) : []));
  const isRule = (row: string[] | undefined) => row?.every((cell) => /^-+$/.test(cell)) === true && row.length > 0;
  return rows.filter((row, index) => row.length > 0 && !isRule(row) && !isRule(rows[index + 1]));
}

function cells(line: string): string[] {
  return line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());
}

function numberOf(cell: string): number {
  return Number(cell.replaceAll(',', ''));
}

function hello(change: object): Uint8Array {
  const message = { machineId: '', agent: '', features: [], limits: DEFAULT_RECEIVE_LIMITS, ...change };
  return encodeControlMessage(FrameType.HELLO, message);
}

/** The greatest length that is accepted, found by halving. */
function longest(
  encode: (length: number) => Uint8Array,
  type: ControlFrameType = FrameType.ERROR,
  decode: (payload: Uint8Array) => unknown = (payload) => decodeControlMessage(type, payload),
): number {
  let accepted = 0;
  let refused = 65_536;
  while (refused - accepted > 1) {
    const middle = Math.floor((accepted + refused) / 2);
    if (isAccepted(decode, encode(middle))) accepted = middle;
    else refused = middle;
  }
  return accepted;
}

function accepts(type: ControlFrameType, payload: Uint8Array): boolean {
  return isAccepted((bytes) => decodeControlMessage(type, bytes), payload);
}

function isAccepted(decode: (payload: Uint8Array) => unknown, payload: Uint8Array): boolean {
  try {
    decode(payload);
    return true;
  } catch {
    return false;
  }
}
