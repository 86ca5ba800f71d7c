import { testBytes } from '@tcpcomm/test-support';
import { beforeEach, describe, expect, it } from 'vitest';
import { LargeArrayTransfer } from '../src/index.ts';
import { deliverAll, TestPort } from './port-pair.ts';
import { hex, rawAnnouncement, toHex, WIDE_LIMITS } from './raw-messages.ts';
import { CollectingEnd } from './transfer-pair.ts';

/** A peer that is not ours: what it is sent is looked at, byte by byte, and what it says was written by hand. */
let port: TestPort;
let peer: TestPort;
let end: CollectingEnd;
let received: string[];

beforeEach(() => {
  [port, peer] = TestPort.pair();
  received = [];
  peer.receive({ handleMessage: (bytes) => received.push(toHex(bytes)), handleReset: () => {}, handleEnd: () => {} });
  end = new CollectingEnd(port, { maxBytes: 0x123456789a, maxBufferedBytes: 0x1fffffffffffff, maxArrays: 0xfedcba98 });
});

async function receivedAfter(...messages: Uint8Array[]): Promise<string[]> {
  for (const message of messages) port.take(message);
  await deliverAll(port);
  return received.splice(0);
}

const LIMITS = '0000000000000000000000123456789a001ffffffffffffffedcba98';

describe('what is sent', () => {
  it('begins with LIMITS', async () => {
    expect(await receivedAfter()).toEqual([LIMITS]);
  });

  it.each([
    [Float64Array.of(1), '0a01', '000000000000f03f'],
    [Int8Array.of(-2), '0101', 'fe'],
    [Uint8Array.of(3), '0201', '03'],
    [Uint8ClampedArray.of(4), '0301', '04'],
    [Int16Array.of(-2), '0401', 'feff'],
    [Uint16Array.of(1), '0501', '0100'],
    [Int32Array.of(-2), '0601', 'feffffff'],
    [Uint32Array.of(1), '0701', '01000000'],
    [Float16Array.of(1), '0801', '003c'],
    [Float32Array.of(1), '0901', '0000803f'],
    [BigInt64Array.of(-2n), '0b01', 'feffffffffffffff'],
    [BigUint64Array.of(1n), '0c01', '0100000000000000'],
    [new DataView(new ArrayBuffer(2)), '0d01', '0000'],
    [new ArrayBuffer(2), '0e01', '0000'],
    [new SharedArrayBuffer(2), '0e03', '0000'],
    [new Uint8Array(new SharedArrayBuffer(2)), '0203', '0000'],
  ])('is ARRAY for %o, the elements in it', async (array, typeAndFlags, elements) => {
    void end.transfer.send(array);
    const [, announced] = await receivedAfter(WIDE_LIMITS);
    const byteLength = array.byteLength.toString(16).padStart(16, '0');
    expect(announced).toBe(`0100000000000001${byteLength}${typeAndFlags}ff00ffff0000${elements}`);
  });

  it('is ARRAY with shape and label', async () => {
    void end.transfer.send(new Uint8Array(6), { shape: [2, 3], label: 'é' });
    const [, announced] = await receivedAfter(WIDE_LIMITS);
    expect(announced).toBe(
      '010000000000000100000000000000060201020000020000' + '00000000000000020000000000000003' + 'c3a9' + '000000000000',
    );
  });

  it('is ARRAY and pieces of 262,144 bytes, each behind a PIECE, for what is larger', async () => {
    const array = testBytes(262_145);
    void end.transfer.send(array);
    const [, ...messages] = await receivedAfter(WIDE_LIMITS);
    expect(messages).toEqual([
      '010000000000000100000000000400010201ff00ffff0000',
      '0200000000000001',
      toHex(array.subarray(0, 262_144)),
      '0200000000000001',
      toHex(array.subarray(262_144)),
    ]);
  });

  it('has the elements in ARRAY up to 2,048 bytes of both', async () => {
    void end.transfer.send(new Uint8Array(2024));
    void end.transfer.send(new Uint8Array(2025));
    const [, ...messages] = await receivedAfter(WIDE_LIMITS);
    expect(messages.map((message) => message.length / 2)).toEqual([2048, 24, 8, 2025]);
  });

  it('is TAKEN when the program has the array', async () => {
    await receivedAfter(rawAnnouncement(0x1f_0000_0000_0001, { byteLength: 0 }));
    expect(received).toEqual([]);
    end.collect();
    expect(await receivedAfter()).toEqual(['051f000000000001']);
  });

  it('is REFUSED with a number and a sentence', async () => {
    await receivedAfter(rawAnnouncement(7));
    end.transfer.incoming[0]!.abort('not today');
    expect(await receivedAfter()).toEqual(['0400000000000007' + '0072' + toHex(Buffer.from('not today'))]);
  });

  it('is ABORTED with a number and a sentence', async () => {
    const controller = new AbortController();
    const sent = end.transfer.send(new Uint8Array(5000), { signal: controller.signal });
    await receivedAfter(WIDE_LIMITS);
    controller.abort(new Error('private'));
    await expect(sent).rejects.toThrow('private');
    expect(await receivedAfter()).toEqual([
      '0300000000000001' + '0072' + toHex(Buffer.from('the sender has aborted it')),
    ]);
  });

  it('is ABORTED in answer to REFUSED', async () => {
    const sent = end.transfer.send(new Uint8Array(5000));
    await receivedAfter(WIDE_LIMITS);
    const answer = receivedAfter(hex('0400000000000001 0073 6e6f 0a 206d6f7265'));
    await expect(sent).rejects.toMatchObject({
      code: 'ERR_TCPCOMM_TOO_MANY_ARRAYS',
      number: 115,
      side: 'remote',
      message: 'no\n more',
    });
    expect(await answer).toEqual(['0300000000000001' + '0072' + toHex(Buffer.from('it was refused'))]);
  });

  it('is LIMITS with no arrays when it is closed', async () => {
    await receivedAfter();
    end.transfer.close();
    expect(await receivedAfter()).toEqual([LIMITS.slice(0, -8) + '00000000']);
  });
});

describe('what is taken', () => {
  it('is ARRAY with elements, and with pieces cut anywhere', async () => {
    end.collect();
    await receivedAfter(
      hex('0100000000000001 0000000000000004 05 01 02 00 0001 0000 0000000000000001 0000000000000002 61 01000200'),
      hex('0100000000000005 0000000000000003 0d 00 ff 00 ffff 0000'),
      hex('0200000000000005'),
      hex('01'),
      hex('0200000000000005'),
      hex('0203'),
    );
    expect(end.taken).toEqual([Uint16Array.of(1, 2), new DataView(Uint8Array.of(1, 2, 3).buffer)]);
    expect(end.transfer.descriptionOf(end.taken[0]!)).toEqual({
      id: 1,
      type: 'Uint16Array',
      shape: [1, 2],
      label: 'a',
      byteLength: 4,
    });
    expect(end.failures).toEqual([]);
  });

  it('is ABORTED, also with a number of a later version', async () => {
    await receivedAfter(rawAnnouncement(3), hex('0300000000000003 ffff 6c61746572'));
    expect(end.transfer.incoming).toEqual([]);
    expect(end.failures).toMatchObject([
      {
        error: { code: 'ERR_TCPCOMM_UNKNOWN', number: 65_535, message: 'later', side: 'remote' },
        description: { id: 3 },
      },
    ]);
  });

  it('is a sentence of at most 1,024 characters, whatever its bytes', async () => {
    const sent = end.transfer.send(new Uint8Array(5000));
    const refused = expect(sent).rejects.toThrow(new RegExp(`^x{500}\\ufffd{524}$`));
    const sentence = new Uint8Array(100_000).fill(0xff);
    sentence.fill(0x78, 0, 500);
    await receivedAfter(WIDE_LIMITS, Buffer.concat([hex('0400000000000001 0072'), sentence]));
    await refused;
  });

  it.each([
    ['shared', new SharedArrayBuffer(100)],
    ['resizable', new ArrayBuffer(100, { maxByteLength: 200 })],
  ])('is what lies in %s memory', async (_name, memory) => {
    const inMemory = (message: Uint8Array) => {
      const bytes = new Uint8Array(memory, 3, message.length);
      bytes.set(message);
      return bytes;
    };
    port.receiver!.handleMessage(inMemory(rawAnnouncement(3, { label: hex('c3a9') })));
    port.receiver!.handleMessage(inMemory(hex('0300000000000003 0072 c3a9')));
    expect(end.failures).toMatchObject([{ error: { message: 'é' }, description: { label: 'é' } }]);
  });

  it('is LIMITS again, which hold from then on', async () => {
    await receivedAfter(hex('0000000000000000 0000000000000010 0000000000000010 00000000'));
    void end.transfer.send(new Uint8Array(16));
    await expect(end.transfer.send(new Uint8Array(17))).rejects.toThrow('array of 17 bytes, the peer takes at most 16');
    expect(await receivedAfter()).toEqual([]);
    const messages = await receivedAfter(hex('0000000000000000 0000000000000010 0000000000000010 00000001'));
    // A peer that takes arrays again may be one that has not heard what is taken here.
    expect(messages).toEqual([expect.stringMatching(/^01/), LIMITS]);
  });

  it('is LIMITS beyond what a number can be exactly', async () => {
    void end.transfer.send(new Uint8Array(16));
    const messages = await receivedAfter(hex('0000000000000000 ffffffffffffffff ffffffffffffffff ffffffff'));
    expect(messages.length).toBe(2);
  });
});

it('numbers go on over a reset, and where another transfer over the same port begins', async () => {
  const announcedIds = async () => {
    const messages = await receivedAfter(WIDE_LIMITS);
    return messages.filter((message) => message.startsWith('01')).map((message) => message.slice(0, 16));
  };
  end.transfer.send(new Uint8Array(1)).catch(() => {});
  end.transfer.send(new Uint8Array(1)).catch(() => {});
  expect(await announcedIds()).toEqual(['0100000000000001', '0100000000000002']);
  port.receiver!.handleReset(new Error('reset'));
  end.transfer.send(new Uint8Array(1)).catch(() => {});
  expect(await announcedIds()).toEqual(['0100000000000003']);
  end.transfer.close();
  new LargeArrayTransfer(port).send(new Uint8Array(1)).catch(() => {});
  expect(await announcedIds()).toEqual(['0100000000000004']);
});
