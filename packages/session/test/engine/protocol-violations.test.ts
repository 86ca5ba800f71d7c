import { encodeFrame, FrameType, WireError, type WireErrorName } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import type { Role } from '../../src/engine/role.ts';
import { helloWith, welcomeWith } from './engine-pair.ts';
import {
  ackFrame,
  controlFrame,
  creditFrame,
  describeFrame,
  fileDataFrame,
  FrameReader,
  goodbyeFrame,
  headerOf,
  joinBytes,
  messageFrame,
  NO_BYTES,
  pingFrame,
  textFrame,
} from './frames.ts';
import { LoneEngine } from './lone-engine.ts';
import { hashOf, offerOf } from './memory-files.ts';

const { INVALID_CHANNEL, INVALID_ACKNOWLEDGEMENT, INVALID_TRANSFER, UNEXPECTED_FRAME, INVALID_CONTROL_MESSAGE } =
  WireError;
const { PROTOCOL_ERROR, FRAME_TOO_LARGE, FLOW_CONTROL, MESSAGE_TOO_LARGE, UNKNOWN_FRAME_TYPE } = WireError;
const HALF_WINDOW = messageFrame(1, testBytes(32_768 - 8));

type Row = readonly [what: string, role: Role, frames: readonly Uint8Array[], wireError: WireError, message: string];

/** Before each of these the engine has sent 3 messages of 100 bytes on channel 1, one of them to be confirmed, and asked for a file. */
const rows: readonly Row[] = [
  [
    'an oversized MESSAGE',
    'server',
    [headerOf(FrameType.MESSAGE, 65_537, 1)],
    FRAME_TOO_LARGE,
    'MESSAGE frame of 65537',
  ],
  ['an oversized extension', 'server', [headerOf(0x90, 65_537)], FRAME_TOO_LARGE, '0x90 frame of 65537 bytes'],
  ['an unknown type', 'server', [headerOf(0x07, 0)], UNKNOWN_FRAME_TYPE, 'frame of unknown type 0x07'],
  ['an unknown type below 0x80', 'server', [headerOf(0x7f, 0)], UNKNOWN_FRAME_TYPE, 'frame of unknown type 0x7f'],

  ['MESSAGE on channel 0', 'server', [messageFrame(0)], INVALID_CHANNEL, 'MESSAGE frame on channel 0'],
  ['MESSAGE on channel 251', 'server', [messageFrame(251)], INVALID_CHANNEL, 'MESSAGE frame on channel 251'],
  ['MESSAGE on channel 252', 'server', [messageFrame(252)], INVALID_CHANNEL, 'MESSAGE frame on channel 252'],
  ['MESSAGE on channel 254', 'client', [messageFrame(254)], INVALID_CHANNEL, 'MESSAGE frame on channel 254'],
  ['MESSAGE on channel 255', 'client', [messageFrame(255)], INVALID_CHANNEL, 'MESSAGE frame on channel 255'],
  [
    'PING on a channel',
    'server',
    [encodeFrame(FrameType.PING, 1, 0, 0, testBytes(8))],
    INVALID_CHANNEL,
    'PING frame on',
  ],
  [
    'GOAWAY on a channel',
    'server',
    [encodeFrame(FrameType.GOAWAY, 9, 0, 0, NO_BYTES)],
    INVALID_CHANNEL,
    'GOAWAY frame on',
  ],
  ['CREDIT on channel 0', 'server', [creditFrame(0, 1e6, 0)], INVALID_CHANNEL, 'CREDIT frame on channel 0'],
  ['CREDIT on channel 251', 'server', [creditFrame(251, 1e6, 0)], INVALID_CHANNEL, 'CREDIT frame on channel 251'],
  [
    'CREDIT for files of the wrong way',
    'server',
    [creditFrame(252, 1e6, 0, 2)],
    INVALID_CHANNEL,
    'CREDIT frame on channel 252',
  ],
  [
    'FILE_DATA of the wrong way',
    'server',
    [fileDataFrame(253, 2, testBytes(1))],
    INVALID_CHANNEL,
    'FILE_DATA frame on channel 253',
  ],
  [
    'FILE_DATA on a message channel',
    'client',
    [fileDataFrame(1, 1, testBytes(1))],
    INVALID_CHANNEL,
    'FILE_DATA frame on channel 1',
  ],

  [
    'a byte beyond the credit',
    'server',
    [HALF_WINDOW, HALF_WINDOW, messageFrame(1)],
    FLOW_CONTROL,
    'exceeds the credit of 65536',
  ],
  ['an empty fragment', 'server', [messageFrame(1, NO_BYTES, 0)], PROTOCOL_ERROR, 'empty fragment on channel 1'],
  [
    'a message beyond maxMessageBytes',
    'server',
    [messageFrame(1, testBytes(40_000), 0), messageFrame(1, testBytes(10_001), 0)],
    MESSAGE_TOO_LARGE,
    'message of at least 50001 bytes on channel 1 exceeds maxMessageBytes 50000',
  ],

  [
    'an ACK of another size',
    'server',
    [encodeFrame(FrameType.ACK, 0, 0, 0, testBytes(7))],
    PROTOCOL_ERROR,
    'ACK frame of 7 bytes, expected 8',
  ],
  [
    'a CREDIT of another size',
    'server',
    [encodeFrame(FrameType.CREDIT, 1, 0, 0, testBytes(8))],
    PROTOCOL_ERROR,
    'CREDIT frame of 8 bytes, expected 16',
  ],
  [
    'an empty PING',
    'server',
    [encodeFrame(FrameType.PING, 0, 0, 0, NO_BYTES)],
    PROTOCOL_ERROR,
    'PING frame of 0 bytes, expected 8',
  ],
  [
    'a long PONG',
    'server',
    [encodeFrame(FrameType.PONG, 0, 0, 0, testBytes(9))],
    PROTOCOL_ERROR,
    'PONG frame of 9 bytes, expected 8',
  ],
  [
    'an ACK of what was not sent',
    'server',
    [ackFrame(325)],
    INVALID_ACKNOWLEDGEMENT,
    'ACK of 325 bytes, expected between 0 and 324',
  ],
  [
    'an ACK that goes backwards',
    'server',
    [ackFrame(300), ackFrame(299)],
    INVALID_ACKNOWLEDGEMENT,
    'ACK of 299 bytes, expected between 300',
  ],
  [
    'a counter above 2^53 - 1',
    'server',
    [encodeFrame(FrameType.ACK, 0, 0, 0, Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0))],
    INVALID_ACKNOWLEDGEMENT,
    'counter 9007199254740992 exceeds 9007199254740991',
  ],
  [
    'credit that goes backwards',
    'server',
    [creditFrame(1, 65_535, 0)],
    INVALID_ACKNOWLEDGEMENT,
    'CREDIT of 65535 bytes on channel 1 is below',
  ],
  [
    'consumption of what was not sent',
    'server',
    [creditFrame(1, 70_000, 4)],
    INVALID_ACKNOWLEDGEMENT,
    'CREDIT for 4 messages on channel 1',
  ],
  [
    'consumption that goes backwards',
    'server',
    [creditFrame(1, 70_000, 2), creditFrame(1, 70_000, 1)],
    INVALID_ACKNOWLEDGEMENT,
    'CREDIT for 1 messages',
  ],

  [
    'a second HELLO',
    'server',
    [controlFrame(FrameType.HELLO, helloWith())],
    UNEXPECTED_FRAME,
    'unexpected HELLO frame while open',
  ],
  [
    'a second WELCOME',
    'client',
    [controlFrame(FrameType.WELCOME, welcomeWith())],
    UNEXPECTED_FRAME,
    'unexpected WELCOME frame while open',
  ],
  [
    'a late REJECT',
    'client',
    [controlFrame(FrameType.REJECT, { code: 1, message: '' })],
    UNEXPECTED_FRAME,
    'unexpected REJECT frame while open',
  ],
  [
    'SETTINGS',
    'server',
    [controlFrame(FrameType.SETTINGS, { blockSizeBytes: 1, bytesPerSecond: null })],
    UNEXPECTED_FRAME,
    'unexpected SETTINGS frame while open',
  ],
  [
    'a message after GOAWAY',
    'server',
    [goodbyeFrame(), messageFrame(1)],
    UNEXPECTED_FRAME,
    'unexpected MESSAGE frame while after-goodbye',
  ],
  [
    'a second GOAWAY',
    'server',
    [goodbyeFrame(), goodbyeFrame()],
    UNEXPECTED_FRAME,
    'unexpected GOAWAY frame while after-goodbye',
  ],
  [
    'FILE_ABORT after GOAWAY',
    'server',
    [goodbyeFrame(), controlFrame(FrameType.FILE_ABORT, { code: 1, message: '' }, 2)],
    UNEXPECTED_FRAME,
    'unexpected FILE_ABORT',
  ],

  [
    'GOAWAY that is no JSON',
    'server',
    [textFrame(FrameType.GOAWAY, 'bye')],
    INVALID_CONTROL_MESSAGE,
    'GOAWAY message: expected JSON in UTF-8',
  ],
  [
    'ERROR that is no UTF-8',
    'server',
    [encodeFrame(FrameType.ERROR, 0, 0, 0, Uint8Array.of(0xff))],
    INVALID_CONTROL_MESSAGE,
    'ERROR message: expected JSON in UTF-8',
  ],
  [
    'GOAWAY with a channel that is none',
    'server',
    [goodbyeFrame({ '251': 1 })],
    INVALID_CONTROL_MESSAGE,
    'GOAWAY message: received',
  ],
  [
    'FILE_REQUEST of another shape',
    'server',
    [textFrame(FrameType.FILE_REQUEST, '{"path":5}', 1)],
    INVALID_CONTROL_MESSAGE,
    'FILE_REQUEST message: path',
  ],
  [
    'FILE_DONE that is an array',
    'server',
    [textFrame(FrameType.FILE_DONE, '[]', 2)],
    INVALID_CONTROL_MESSAGE,
    'FILE_DONE message',
  ],
  [
    'a control message beyond 64 KiB',
    'server',
    [headerOf(FrameType.FILE_REQUEST, 65_537), Uint8Array.of(0)],
    FRAME_TOO_LARGE,
    'FILE_REQUEST frame of 65537 bytes exceeds',
  ],

  [
    'a request with an id of ours',
    'server',
    [controlFrame(FrameType.FILE_REQUEST, { path: 'f' }, 4)],
    INVALID_TRANSFER,
    'transfer id 4 is not one',
  ],
  [
    'a request with id 0',
    'server',
    [controlFrame(FrameType.FILE_REQUEST, { path: 'f' }, 0)],
    INVALID_TRANSFER,
    'transfer id 0 is not one',
  ],
  [
    'an offer with an id of ours',
    'client',
    [controlFrame(FrameType.FILE_OFFER, offerOf('f', 1), 3)],
    INVALID_TRANSFER,
    'transfer id 3 is not one',
  ],
  [
    'a request with an id in use',
    'server',
    [controlFrame(FrameType.FILE_OFFER, offerOf('f', 1), 1), controlFrame(FrameType.FILE_REQUEST, { path: 'f' }, 1)],
    INVALID_TRANSFER,
    'transfer id 1 is not one that the peer may begin with now',
  ],
  [
    'FILE_ACCEPT for no transfer',
    'server',
    [controlFrame(FrameType.FILE_ACCEPT, { offsetBytes: 0 }, 8)],
    INVALID_TRANSFER,
    'unexpected FILE_ACCEPT for transfer 8',
  ],
  [
    'FILE_END for no transfer',
    'server',
    [controlFrame(FrameType.FILE_END, { hash: hashOf(testBytes(1)) }, 8)],
    INVALID_TRANSFER,
    'unexpected FILE_END for transfer 8',
  ],
  [
    'FILE_DONE for no transfer',
    'server',
    [controlFrame(FrameType.FILE_DONE, {}, 8)],
    INVALID_TRANSFER,
    'unexpected FILE_DONE for transfer 8',
  ],
  [
    'FILE_DATA for no transfer',
    'server',
    [fileDataFrame(252, 8, testBytes(1))],
    INVALID_TRANSFER,
    'unexpected FILE_DATA for transfer 8',
  ],
  [
    'FILE_DATA before its offer',
    'server',
    [fileDataFrame(252, 2, testBytes(1))],
    INVALID_TRANSFER,
    'unexpected FILE_DATA for transfer 2, which is requesting',
  ],
  [
    'CREDIT for a file that we receive',
    'server',
    [creditFrame(253, 1e6, 0, 2)],
    INVALID_TRANSFER,
    'unexpected CREDIT for transfer 2',
  ],
  [
    'file bytes beyond the window',
    'server',
    [controlFrame(FrameType.FILE_OFFER, offerOf('f', 1e6), 1), fileDataFrame(252, 1, testBytes(65_529))],
    FLOW_CONTROL,
    'frame up to byte 65537 of transfer 1 exceeds the credit of 65536',
  ],
];

function engineIn(role: Role): LoneEngine {
  const lone = new LoneEngine(role, { localLimits: { maxMessageBytes: 50_000 } });
  const { application } = lone;
  application.withhold(1);
  lone.application.send(1, testBytes(100));
  lone.application.send(1, testBytes(100));
  lone.application.send(1, testBytes(100), true);
  application.getFile('wanted');
  lone.take();
  application.send(2, testBytes(100_000));
  return lone;
}

describe.each([
  ['at once', Infinity],
  ['byte by byte', 1],
])('received %s', (_how, pieceBytes) => {
  it.each(rows)('%s at a %s ends the session with an ERROR', async (_what, role, frames, wireError, message) => {
    const lone = engineIn(role);
    const { application, engine } = lone;
    const bytes = joinBytes(...frames);
    for (let at = 0; at < bytes.length; at += pieceBytes) engine.receive(bytes.subarray(at, at + pieceBytes), 0);
    const name = Object.entries(WireError).find(([, number]) => number === wireError)?.[0] as WireErrorName;
    expect(application.closeReasons).toEqual([
      expect.objectContaining({
        by: 'local',
        code: `ERR_TCPCOMM_${name}`,
        message: expect.stringContaining(message),
        isClean: false,
      }),
    ]);
    expect(engine.closeReason?.error?.name).toBe('ProtocolError');
    const batches = [];
    for (let batch = lone.takeBatch(); batch; batch = lone.takeBatch()) {
      batches.push(...batch.finish());
      engine.handleWritten(0);
    }
    // One frame, and it is the last one.
    expect(new FrameReader().read(joinBytes(...batches)).map(describeFrame)).toEqual([`ERROR ${wireError}`]);
    expect([engine.isFinished, engine.isOpen, engine.deadlineMs, engine.conversation.queuedBytes]).toEqual([
      true,
      false,
      Infinity,
      0,
    ]);
    expect(await application.promises.pending()).toEqual([]);
    const files = [...application.targets, ...application.sources];
    expect(files.filter(({ outcome }) => outcome === 'pending')).toEqual([]);
  });
});

describe('what looks like a violation and is none', () => {
  it('frames of extension types are skipped, whatever is in them', () => {
    const lone = engineIn('server');
    lone.receive(
      encodeFrame(0x80, 251, 255, 65_535, testBytes(1000)),
      headerOf(0xff, 0),
      messageFrame(1, testBytes(5)),
    );
    expect(lone.application.messagesOn(1)).toEqual([testBytes(5)]);
    expect(lone.engine.isOpen).toBe(true);
  });

  it('frames of extension types are skipped also after a goodbye', () => {
    const lone = engineIn('server');
    lone.receive(goodbyeFrame(), headerOf(0xff, 0), pingFrame());
    expect(lone.engine.closeReason).toBeUndefined();
  });

  it('flags and streams without a meaning are ignored', () => {
    const lone = engineIn('server');
    lone.receive(
      encodeFrame(FrameType.MESSAGE, 1, 0xff, 0, testBytes(5)),
      encodeFrame(FrameType.PING, 0, 0xff, 9, testBytes(8)),
    );
    expect([lone.application.messages.length, lone.engine.isOpen]).toEqual([1, true]);
  });

  it('SETTINGS to a client are taken', () => {
    const lone = engineIn('client');
    const settings = { blockSizeBytes: 5000, bytesPerSecond: 1_000_000 };
    lone.receive(controlFrame(FrameType.SETTINGS, settings));
    expect(lone.application.settings).toEqual([settings]);
  });

  it('properties that are not specified are ignored', () => {
    const lone = engineIn('server');
    lone.receive(textFrame(FrameType.FILE_REQUEST, '{"path":"f","priority":"high"}', 1));
    expect(lone.application.asked).toEqual(['f']);
  });
});

describe('a peer that asks and does not read', () => {
  const request = controlFrame(FrameType.FILE_REQUEST, { path: 'f' }, 9);

  it('is cut off with CONTROL_FLOOD when a mebibyte of answers waits', async () => {
    const lone = engineIn('server');
    lone.takeBatch();
    for (let id = 1; id <= 11; id += 2) lone.receive(controlFrame(FrameType.FILE_REQUEST, { path: 'f' }, id));
    let asked = 0;
    while (lone.engine.closeReason === undefined) {
      lone.receive(controlFrame(FrameType.FILE_REQUEST, { path: 'f' }, 13));
      asked += 1;
      expect(asked).toBeLessThan(100_000);
    }
    expect(lone.engine.closeReason).toMatchObject({ by: 'local', code: 'ERR_TCPCOMM_CONTROL_FLOOD' });
    lone.engine.handleWritten(0);
    expect(new FrameReader().read(joinBytes(...(lone.takeBatch()?.finish() ?? []))).map(describeFrame)).toEqual([
      'ERROR 15',
    ]);
    expect(await lone.application.promises.pending()).toEqual([]);
  });

  it('is not, as long as it reads', () => {
    const lone = new LoneEngine('server', { settings: { maxTransfers: 0 } });
    for (let count = 0; count < 20_000; count += 1) lone.receive(request).take();
    expect(lone.engine.isOpen).toBe(true);
  });

  it('may ping as often as it likes: one answer waits', () => {
    const lone = new LoneEngine('server');
    for (let count = 0; count < 100_000; count += 1) lone.engine.receive(pingFrame(), 0);
    expect(lone.take()).toEqual(['PONG']);
  });
});

it('a fault of the application is told as INTERNAL_ERROR, and nothing of its text', () => {
  const lone = new LoneEngine('server');
  lone.application.onReceived = () => {
    throw new Error('secret');
  };
  lone.receive(messageFrame(1));
  expect(lone.engine.closeReason).toMatchObject({ by: 'local', code: 'ERR_TCPCOMM_INTERNAL_ERROR' });
  const [frame] = lone.takeFrames();
  expect(new TextDecoder().decode(frame?.payload)).not.toContain('secret');
});

it('an ERROR from the peer ends the session at once, and nothing answers it', async () => {
  const lone = engineIn('server');
  lone.receive(
    pingFrame(),
    messageFrame(1, testBytes(1)),
    controlFrame(FrameType.ERROR, { code: 6, message: 'too much' }),
    messageFrame(1),
  );
  expect(lone.application.closeReasons).toEqual([
    expect.objectContaining({ by: 'remote', code: 'ERR_TCPCOMM_FLOW_CONTROL', message: 'too much', isClean: false }),
  ]);
  expect(lone.engine.closeReason?.error?.name).toBe('PeerError');
  expect(lone.application.messages).toHaveLength(1);
  lone.application.consumeWaiting(1);
  expect(lone.take()).toEqual([]);
  expect(await lone.application.promises.pending()).toEqual([]);
});
