import { rawCounters, rawFrame } from './raw-frame.ts';

/** What a peer may announce that takes little. */
export const SMALL_LIMITS = {
  maxFrameBytes: 65_536,
  maxMessageBytes: 100_000,
  channelWindowBytes: 65_536,
  transferWindowBytes: 65_536,
};

/** Something that breaks docs/PROTOCOL.md once a session is open, and the number of the error that it must be answered with. */
export interface HostileFrames {
  readonly what: string;
  readonly bytes: Buffer;
  readonly number: number;
  readonly code: string;
}

const MESSAGE = 0x01;
const FILE_DATA = 0x02;
const ACK = 0x03;
const CREDIT = 0x04;
const PING = 0x05;
const FIN = 0x01;

const filling = (length: number) => Buffer.alloc(length, 7);
const repeat = (count: number, frame: Buffer) => Buffer.concat(new Array<Buffer>(count).fill(frame));

/**
 * Everything that an open session refuses, as sent by one side to the other, which has announced frames of at most 1 MiB,
 * messages of 50,000 bytes and windows of 64 KiB, and takes no message. No transfer is open.
 */
export function hostileFrames(sender: 'client' | 'server'): HostileFrames[] {
  const isClient = sender === 'client';
  const ownChannel = isClient ? 252 : 253;
  const otherChannel = isClient ? 253 : 252;
  const ownId = isClient ? 1 : 2;
  const otherId = isClient ? 2 : 1;
  const offer = { path: 'a', sizeBytes: 10, modifiedMs: 0, integrity: 'xxh64', overwrite: 'replace' };
  const table: Record<string, readonly [number, string, Buffer][]> = {
    PROTOCOL_ERROR: [
      [1, 'an empty fragment', rawFrame(MESSAGE, { channel: 1 })],
      [1, 'a ping of 7 bytes', rawFrame(PING, { payload: filling(7) })],
      [1, 'an acknowledgement of 9 bytes', rawFrame(ACK, { payload: filling(9) })],
      [1, 'a credit of 8 bytes', rawFrame(CREDIT, { channel: 1, payload: filling(8) })],
    ],
    FRAME_TOO_LARGE: [
      [3, 'a header that announces 16 MB', rawFrame(MESSAGE, { channel: 1, length: 0xff_ff_ff })],
      [3, 'a header that announces a byte too much', rawFrame(MESSAGE, { channel: 1, length: 1_048_577 })],
      [3, 'an unknown extension of a byte too much', rawFrame(0x80, { length: 1_048_577 })],
      [3, 'a control message above 64 KiB', rawFrame(0x20, { stream: ownId, payload: filling(1), length: 65_537 })],
    ],
    UNKNOWN_FRAME_TYPE: [0x00, 0x07, 0x0f, 0x18, 0x1f, 0x2a, 0x7f].map((type) => [
      4,
      `a frame of type 0x${type.toString(16)}`,
      rawFrame(type),
    ]),
    INVALID_CHANNEL: [
      ...[0, 251, 252, 253, 254, 255].map((channel): [number, string, Buffer] => [
        5,
        `a message on channel ${channel}`,
        rawFrame(MESSAGE, { channel, flags: FIN, payload: filling(3) }),
      ]),
      ...[0, 251, 254, 255].map((channel): [number, string, Buffer] => [
        5,
        `credit on channel ${channel}`,
        rawFrame(CREDIT, { channel, payload: rawCounters(100_000, 0) }),
      ]),
      [5, 'file bytes on channel 1', rawFrame(FILE_DATA, { channel: 1, stream: ownId, payload: filling(1) })],
      [
        5,
        'file bytes of the other direction',
        rawFrame(FILE_DATA, { channel: otherChannel, stream: ownId, payload: filling(1) }),
      ],
      [5, 'a ping on channel 1', rawFrame(PING, { channel: 1, payload: filling(8) })],
      [5, 'a goodbye on channel 1', rawFrame(0x14, { channel: 1, payload: { code: 0, message: '', received: {} } })],
    ],
    FLOW_CONTROL: [
      [6, 'a frame beyond the credit', rawFrame(MESSAGE, { channel: 1, payload: filling(1), length: 65_529 })],
      [
        6,
        'messages beyond the credit',
        repeat(60, rawFrame(MESSAGE, { channel: 1, flags: FIN, payload: filling(2000) })),
      ],
      [6, 'empty messages beyond the credit', repeat(8193, rawFrame(MESSAGE, { channel: 1, flags: FIN }))],
    ],
    INVALID_CONTROL_MESSAGE: [
      [7, 'a goodbye that is not JSON', rawFrame(0x14, { payload: Buffer.from('{') })],
      [7, 'a goodbye that is not UTF-8', rawFrame(0x14, { payload: Buffer.of(0x22, 0xff, 0x22) })],
      [7, 'a goodbye of nothing', rawFrame(0x14)],
      [7, 'a goodbye that is a list', rawFrame(0x14, { payload: [] })],
      [7, 'a goodbye without its numbers', rawFrame(0x14, { payload: { code: 0, message: '' } })],
      [7, 'a goodbye with a channel 251', rawFrame(0x14, { payload: { code: 0, message: '', received: { 251: 1 } } })],
      [
        7,
        'a goodbye with a channel "01"',
        rawFrame(0x14, { payload: { code: 0, message: '', received: { '01': 1 } } }),
      ],
      [7, 'a goodbye with a negative number', rawFrame(0x14, { payload: { code: -1, message: '', received: {} } })],
      [
        7,
        'an error with a message of 1,025 units',
        rawFrame(0x15, { payload: { code: 1, message: 'x'.repeat(1025) } }),
      ],
      [7, 'a request without a path', rawFrame(0x20, { stream: ownId, payload: {} })],
      [7, 'a request with a path that is a number', rawFrame(0x20, { stream: ownId, payload: { path: 5 } })],
      [7, 'an offer of less than nothing', rawFrame(0x21, { stream: ownId, payload: { ...offer, sizeBytes: -1 } })],
      [7, 'an offer with another hash', rawFrame(0x21, { stream: ownId, payload: { ...offer, integrity: 'md5' } })],
      [7, 'an end with a short hash', rawFrame(0x23, { stream: ownId, payload: { hash: 'abc' } })],
    ],
    UNEXPECTED_FRAME: [
      [
        8,
        'a second HELLO',
        rawFrame(0x10, { payload: { machineId: 'x', agent: '', features: [], limits: SMALL_LIMITS } }),
      ],
      [8, 'a second WELCOME', rawFrame(0x11, { payload: {} })],
      [8, 'a REJECT', rawFrame(0x12, { payload: { code: 1, message: '' } })],
      isClient
        ? [8, 'an answer to a machine id', rawFrame(0x17, { payload: {} })]
        : [8, 'a wish for a machine id', rawFrame(0x16, { payload: { machineId: 'x' } })],
      ...(isClient
        ? ([
            [8, 'settings from a client', rawFrame(0x13, { payload: { blockSizeBytes: 1024, bytesPerSecond: null } })],
          ] as [number, string, Buffer][])
        : []),
      [
        8,
        'a message after the goodbye',
        Buffer.concat([
          rawFrame(0x14, { payload: { code: 0, message: '', received: {} } }),
          rawFrame(MESSAGE, { channel: 1, flags: FIN, payload: filling(1) }),
        ]),
      ],
    ],
    MESSAGE_TOO_LARGE: [
      [
        9,
        'a message larger than agreed, as soon as its fragment says so',
        Buffer.concat([
          rawFrame(MESSAGE, { channel: 1, payload: filling(40_000) }),
          rawFrame(MESSAGE, { channel: 1, payload: filling(1), length: 10_001 }),
        ]),
      ],
    ],
    INVALID_ACKNOWLEDGEMENT: [
      [10, 'an acknowledgement of what was not sent', rawFrame(ACK, { payload: rawCounters(1_000_000) })],
      [10, 'a counter above 2^53 - 1', rawFrame(ACK, { payload: filling(8) })],
      [10, 'credit below the window', rawFrame(CREDIT, { channel: 1, payload: rawCounters(1, 0) })],
      [10, 'consumption of what was not sent', rawFrame(CREDIT, { channel: 1, payload: rawCounters(70_000, 1) })],
    ],
    INVALID_TRANSFER: [
      [
        11,
        "a request with an id of the other side's kind",
        rawFrame(0x20, { stream: otherId, payload: { path: 'a' } }),
      ],
      [11, 'a request with the id 0', rawFrame(0x20, { stream: 0, payload: { path: 'a' } })],
      [11, "an offer with an id of the other side's kind", rawFrame(0x21, { stream: otherId, payload: offer })],
      [11, 'bytes of no transfer', rawFrame(FILE_DATA, { channel: ownChannel, stream: ownId, payload: filling(1) })],
      [11, 'an answer to no offer', rawFrame(0x22, { stream: otherId, payload: { offsetBytes: 0 } })],
      [11, 'the end of no transfer', rawFrame(0x23, { stream: ownId, payload: { hash: '0'.repeat(16) } })],
      [11, 'the success of no transfer', rawFrame(0x24, { stream: ownId, payload: {} })],
      [
        11,
        'bytes before the offer has been taken',
        Buffer.concat([
          rawFrame(0x21, { stream: ownId, payload: offer }),
          rawFrame(FILE_DATA, { channel: ownChannel, stream: ownId, payload: filling(1) }),
        ]),
      ],
      [
        11,
        'an id that is open already',
        Buffer.concat([
          rawFrame(0x21, { stream: ownId, payload: offer }),
          rawFrame(0x21, { stream: ownId, payload: offer }),
        ]),
      ],
    ],
  };
  return Object.entries(table).flatMap(([name, rows]) =>
    rows.map(([number, what, bytes]) => ({ what, bytes, number, code: `ERR_TCPCOMM_${name}` })),
  );
}

/** What an open session must take without a word: the specification says to ignore it. */
export function harmlessFrames(sender: 'client' | 'server'): { readonly what: string; readonly bytes: Buffer }[] {
  const ownId = sender === 'client' ? 1 : 2;
  return [
    {
      what: 'an extension that it does not know',
      bytes: rawFrame(0x80, { channel: 9, flags: 255, payload: filling(5000) }),
    },
    { what: 'the last extension', bytes: rawFrame(0xff) },
    { what: 'a PONG that answers nothing', bytes: rawFrame(0x06, { payload: filling(8) }) },
    { what: 'the abort of no transfer', bytes: rawFrame(0x25, { stream: ownId, payload: { code: 76, message: '' } }) },
    {
      what: 'credit for no transfer',
      bytes: rawFrame(CREDIT, {
        channel: sender === 'client' ? 253 : 252,
        stream: ownId,
        payload: rawCounters(70_000, 0),
      }),
    },
    { what: 'the same acknowledgement again', bytes: rawFrame(ACK, { payload: rawCounters(0) }) },
    {
      what: 'a frame with flags and a stream that mean nothing',
      bytes: rawFrame(ACK, { flags: 255, stream: 77, payload: rawCounters(0) }),
    },
  ];
}
