import { beforeEach, describe, expect, it, vi } from 'vitest';
import { deliverAll, TestPort } from './port-pair.ts';
import {
  hex,
  type RawAnnouncement,
  rawAnnouncement,
  rawFailure,
  rawHeader,
  toHex,
  WIDE_LIMITS,
} from './raw-messages.ts';
import { CollectingEnd, watch } from './transfer-pair.ts';

let port: TestPort;
let end: CollectingEnd;
let answers: string[];

beforeEach(() => {
  let peer: TestPort;
  [port, peer] = TestPort.pair();
  answers = [];
  peer.receive({ handleMessage: (bytes) => answers.push(toHex(bytes)), handleReset: () => {}, handleEnd: () => {} });
  end = new CollectingEnd(port, { maxBytes: 1000, maxBufferedBytes: 2000, maxArrays: 3 });
});

async function answersTo(...messages: Uint8Array[]): Promise<string[]> {
  await deliverAll(port);
  answers.length = 0;
  for (const message of messages) port.take(message);
  await deliverAll(port);
  return answers;
}

/** Number and code of what is refused. */
const REFUSED_INVALID = '0071';
const REFUSED_TOO_LARGE = '0070';
const REFUSED_TOO_MANY = '0073';

function refusalOf(id: number, number: string): string {
  return toHex(rawHeader(4, id)) + number;
}

/** Whatever came, another array arrives as if nothing had been. */
async function expectUndisturbed(id: number): Promise<void> {
  end.collect();
  end.taken.length = 0;
  const later = rawAnnouncement(id, { byteLength: 3, elements: Uint8Array.of(1, 2, 3) });
  expect(await answersTo(later)).toEqual([toHex(rawHeader(5, id))]);
  expect(end.taken).toEqual([Uint8Array.of(1, 2, 3)]);
  expect(end.transfer.incoming).toEqual([]);
}

describe('an announcement is refused', () => {
  it.each<[string, RawAnnouncement, string]>([
    ['of the type 0', { type: 0 }, 'array of the unknown type 0'],
    ['of the type 15', { type: 15 }, 'array of the unknown type 15'],
    ['with half an element', { type: 10, byteLength: 12 }, 'Float64Array of 12 bytes, each element has 8'],
    ['with a flag that has no meaning', { flags: 4 }, 'announcement with bits set that have no meaning'],
    ['with a reserved byte set', { reserved: 1 }, 'announcement with bits set that have no meaning'],
    ['with a shape that is too small', { byteLength: 12, shape: [2, 5] }, 'shape [2, 5] of an array of 12 elements'],
    ['with a shape that is too large', { shape: [2, 2, 2] }, 'shape [2, 2, 2] of an array of 4 elements'],
    [
      'with a shape of elements, not bytes',
      { type: 10, byteLength: 16, shape: [16] },
      'shape [16] of an array of 2 elements',
    ],
    ['with no dimensions and several elements', { shape: [] }, 'shape [] of an array of 4 elements'],
    ['with a dimension of 0', { shape: [0, 4] }, 'shape [0, 4] of an array of 4 elements'],
    [
      'with a dimension beyond 2^53',
      { byteLength: 0, shape: [0, 2n ** 53n] },
      'shape [0, 9007199254740992] of an array of 0 elements',
    ],
    [
      'with dimensions whose product is beyond every number',
      { shape: Array<bigint>(32).fill(2n ** 53n - 1n) },
      `shape [${Array<number>(32)
        .fill(2 ** 53 - 1)
        .join(', ')}] of an array of 4 elements`,
    ],
    ['with 33 dimensions', { shape: Array<number>(33).fill(1) }, 'shape of 33 dimensions, at most 32 are allowed'],
    ['with dimensions that are missing', { dimensions: 5 }, 'announcement of 24 bytes, 64 are needed'],
    ['with a label that is missing', { labelLength: 5 }, 'announcement of 24 bytes, 29 are needed'],
    ['with a label that is not UTF-8', { label: hex('ff') }, 'label that is not UTF-8'],
    [
      'with a label that is too long',
      { label: new Uint8Array(1025).fill(0x61) },
      'label of 1025 characters, at most 1024 are allowed',
    ],
    [
      'with a part of the elements',
      { elements: hex('0102') },
      'announcement with 2 bytes of elements, 4 or none are expected',
    ],
    [
      'with too many elements',
      { elements: hex('0102030405') },
      'announcement with 5 bytes of elements, 4 or none are expected',
    ],
  ])('%s', async (_name, parts, message) => {
    const refusals = await answersTo(rawAnnouncement(1, parts));
    expect(refusals).toEqual([refusalOf(1, REFUSED_INVALID) + toHex(Buffer.from(message))]);
    expect(end.failures).toMatchObject([
      { error: { code: 'ERR_TCPCOMM_ARRAY_INVALID', number: 113, side: 'remote', message } },
    ]);
    expect(end.failures[0]!.description).toBeUndefined();
    await expectUndisturbed(2);
  });

  it('that is cut short, wherever', async () => {
    const whole = rawAnnouncement(1, { shape: [4], label: hex('61') });
    for (let bytes = 8; bytes < whole.length; bytes += 1) {
      whole[7] = bytes;
      expect(await answersTo(whole.subarray(0, bytes))).toEqual([
        expect.stringContaining(refusalOf(bytes, REFUSED_INVALID)),
      ]);
    }
    expect(new Set(end.failureCodes)).toEqual(new Set(['ERR_TCPCOMM_ARRAY_INVALID']));
    await expectUndisturbed(99);
  });

  it('of a Float16Array where there is none', async () => {
    vi.stubGlobal('Float16Array', undefined);
    const [refusal] = await answersTo(rawAnnouncement(1, { type: 8 }));
    vi.unstubAllGlobals();
    expect(refusal).toBe(
      refusalOf(1, REFUSED_INVALID) + toHex(Buffer.from('Float16Array came, this runtime has none')),
    );
    expect(await answersTo(rawAnnouncement(2, { type: 8 }))).toEqual([]);
  });

  it('of more bytes than are taken, before there is memory for any', async () => {
    const refusals = await answersTo(
      rawAnnouncement(1, { byteLength: 1001 }),
      rawAnnouncement(2, { byteLength: 2 ** 53 - 1 }),
    );
    const messages = [
      'array of 1001 bytes, at most 1000 are taken',
      `array of ${2 ** 53 - 1} bytes, at most 1000 are taken`,
    ];
    expect(refusals).toEqual(
      messages.map((text, index) => refusalOf(index + 1, REFUSED_TOO_LARGE) + toHex(Buffer.from(text))),
    );
    expect(end.failures).toMatchObject([
      {
        error: { code: 'ERR_TCPCOMM_ARRAY_TOO_LARGE', side: 'remote' },
        description: { id: 1, type: 'Uint8Array', byteLength: 1001 },
      },
      { error: { code: 'ERR_TCPCOMM_ARRAY_TOO_LARGE', side: 'remote' }, description: { id: 2 } },
    ]);
    await expectUndisturbed(3);
  });

  it.each([0, 2])('of more bytes than there is memory for (flags %i)', async (flags) => {
    end.transfer.close();
    end = new CollectingEnd(port, { maxBytes: Number.MAX_SAFE_INTEGER });
    const [refusal] = await answersTo(rawAnnouncement(1, { flags, byteLength: Number.MAX_SAFE_INTEGER }));
    expect(refusal).toContain(refusalOf(1, REFUSED_TOO_LARGE));
    expect(end.failures).toMatchObject([
      {
        error: { code: 'ERR_TCPCOMM_ARRAY_TOO_LARGE', side: 'local', cause: expect.any(RangeError) },
        description: { id: 1 },
      },
    ]);
    await expectUndisturbed(2);
  });

  it('beyond the number that may be there at once, on their way or complete', async () => {
    await answersTo(rawAnnouncement(1), rawAnnouncement(2, { byteLength: 0 }), rawAnnouncement(3));
    expect(await answersTo(rawAnnouncement(4))).toEqual([
      refusalOf(4, REFUSED_TOO_MANY) + toHex(Buffer.from('array beside 3 that are not taken, at most 3 are allowed')),
    ]);
    await answersTo(rawFailure(3, 1, 114), rawFailure(3, 3, 114));
    end.collect();
    await answersTo();
    await expectUndisturbed(5);
  });

  it('beyond the bytes that may be there at once', async () => {
    await answersTo(
      rawAnnouncement(1, { byteLength: 1000, elements: new Uint8Array(1000) }),
      rawAnnouncement(2, { byteLength: 999 }),
    );
    expect(await answersTo(rawAnnouncement(3, { byteLength: 2 }))).toEqual([
      refusalOf(3, REFUSED_TOO_MANY) +
        toHex(Buffer.from('array of 2 bytes beside 1999 that are not taken, at most 2000 are allowed')),
    ]);
    expect(await answersTo(rawAnnouncement(4, { byteLength: 1 }))).toEqual([]);
  });

  it('with a number that was announced before: what is on its way with it fails, as nobody knows whose a piece is', async () => {
    await answersTo(rawAnnouncement(5));
    expect(await answersTo(rawAnnouncement(5))).toEqual([
      refusalOf(5, REFUSED_INVALID) + toHex(Buffer.from('array 5 was announced before')),
    ]);
    expect(end.failures).toMatchObject([{ error: { code: 'ERR_TCPCOMM_ARRAY_INVALID' }, description: { id: 5 } }]);
    expect(await answersTo(rawAnnouncement(4))).toEqual([expect.stringContaining(refusalOf(4, REFUSED_INVALID))]);
    expect(await answersTo(rawHeader(2, 5), hex('01020304'))).toEqual([]);
    expect(end.failures.length).toBe(2);
    await expectUndisturbed(6);
  });
});

describe('a piece', () => {
  it.each([
    ['of nothing', '', 'piece of 0 bytes, at least 1 is needed'],
    ['of more than is missing', '01020304', 'piece of 4 bytes, only 3 are missing'],
  ])('%s fails its array', async (_name, bytes, message) => {
    const refusals = await answersTo(rawAnnouncement(1), rawHeader(2, 1), hex('01'), rawHeader(2, 1), hex(bytes));
    expect(refusals).toEqual([refusalOf(1, REFUSED_INVALID) + toHex(Buffer.from(message))]);
    expect(end.failures).toMatchObject([
      { error: { code: 'ERR_TCPCOMM_ARRAY_INVALID', message }, description: { id: 1 } },
    ]);
    await expectUndisturbed(2);
  });

  it('beyond the end of an array that waits does not harm it', async () => {
    await answersTo(rawAnnouncement(1, { elements: hex('01020304') }), rawHeader(2, 1), hex('05'));
    expect(end.failures).toMatchObject([
      { error: { code: 'ERR_TCPCOMM_ARRAY_INVALID', message: '1 bytes beyond the end of array 1' } },
    ]);
    end.collect();
    await answersTo();
    expect(end.taken).toEqual([Uint8Array.of(1, 2, 3, 4)]);
    await expectUndisturbed(2);
  });

  it('of an array that was never announced is not taken for a message', async () => {
    expect(await answersTo(rawHeader(2, 1), rawAnnouncement(7))).toEqual([]);
    expect(end.failures).toMatchObject([
      { error: { code: 'ERR_TCPCOMM_ARRAY_INVALID', message: 'message about array 1, which was never announced' } },
    ]);
    expect(end.transfer.incoming).toEqual([]);
    await expectUndisturbed(2);
  });

  it('of an array that was refused is dropped in silence', async () => {
    await answersTo(rawAnnouncement(1, { type: 99 }));
    end.failures.length = 0;
    expect(await answersTo(rawHeader(2, 1), hex('0102'), rawHeader(2, 1), hex('0304'), rawFailure(3, 1, 114))).toEqual(
      [],
    );
    expect(end.failures).toEqual([]);
    await expectUndisturbed(2);
  });
});

describe('a message that is none', () => {
  it.each([
    ['of no bytes', '', 'message of 0 bytes, at least 8 are needed'],
    ['of 7 bytes', '05000000000000', 'message of 7 bytes, at least 8 are needed'],
    ['of the kind 6', '0600000000000001', 'message of the unknown kind 6'],
    ['about the array 0', '0100000000000000', 'array with the number 0, it must be from 1 to 2^53 - 1'],
    [
      'about the array 2^53',
      '0520000000000000',
      'array with the number 9007199254740992, it must be from 1 to 2^53 - 1',
    ],
    ['LIMITS that are too short', '0000000000000000' + '00'.repeat(19), 'LIMITS of 27 bytes, which is not its form'],
    ['LIMITS about an array', '0000000000000001' + '00'.repeat(20), 'LIMITS of 28 bytes, which is not its form'],
    ['PIECE with something in it', '020000000000000100', 'PIECE of 9 bytes, which is not its form'],
    ['TAKEN with something in it', '050000000000000100', 'TAKEN of 9 bytes, which is not its form'],
    ['ABORTED without a number', '030000000000000100', 'ABORTED of 9 bytes, which is not its form'],
    ['REFUSED without a number', '040000000000000100', 'REFUSED of 9 bytes, which is not its form'],
    ['ABORTED of what was never announced', '03000000000000010072', 'message about array 1, which was never announced'],
    ['REFUSED of what was never sent', '04000000000000010072', 'answer to array 1, which was never sent'],
    ['TAKEN of what was never sent', '0500000000000001', 'answer to array 1, which was never sent'],
  ])('%s is told of, and disturbs nothing', async (_name, bytes, message) => {
    expect(await answersTo(hex(bytes))).toEqual([]);
    expect(end.failures).toMatchObject([
      { error: { name: 'ArrayTransferError', code: 'ERR_TCPCOMM_ARRAY_INVALID', side: 'remote', message } },
    ]);
    await expectUndisturbed(1);
    const sent = watch(end.transfer.send(Uint8Array.of(1)));
    await answersTo(WIDE_LIMITS, rawHeader(5, 1));
    expect(sent.outcome).toBe('resolved');
  });

  it('does not get to a program that does not ask', async () => {
    end.transfer.close();
    end = new CollectingEnd(port, { onFailure: undefined });
    await answersTo(hex('ff'));
    await expectUndisturbed(1);
  });
});

it('an array that is taken before all of it was sent fails, and does not resolve', async () => {
  const sent = watch(end.transfer.send(new Uint8Array(2_000_000)));
  port.take(WIDE_LIMITS);
  port.deliver();
  port.deliver();
  port.take(rawHeader(5, 1));
  await deliverAll(port);
  expect(sent).toMatchObject({ outcome: 'rejected', reason: { code: 'ERR_TCPCOMM_ARRAY_INVALID', side: 'remote' } });
  expect(answers.at(-1)).toContain('03000000000000010072');
});

it('a peer that makes us answer and does not read gets no more answers at some point', async () => {
  await deliverAll(port);
  const message = rawAnnouncement(1, { type: 99 });
  for (let id = 1; id <= 70_000; id += 1) {
    new DataView(message.buffer).setUint32(4, id);
    port.take(message);
  }
  expect(port.waiting.length).toBe(3 + 65_536);
  expect(end.failures.length).toBe(70_000);
  // A peer that comes after it is told what is taken, whatever still waits.
  port.receiver!.handleReset(new Error('reset'));
  expect(port.waiting.length).toBe(3 + 65_536 + 1);
  await deliverAll(port);
  await expectUndisturbed(70_001);
});
