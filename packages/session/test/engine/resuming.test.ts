import { ProtocolError, Lane, laneNumber } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChannelPositions } from '../../src/engine/conversation.ts';
import { SMALL_LIMITS } from './engine-options.ts';
import { createSide, ResumablePair, type ResumableSide } from './resumable-pair.ts';

/** What the program at one end has been given to send on each channel. */
type Sent = Map<number, Uint8Array[]>;

interface Model {
  readonly sent: readonly [Sent, Sent];
  readonly withheld: readonly [Set<number>, Set<number>];
}

type ResumeCommand = fc.Command<Model, ResumablePair>;
type End = 0 | 1;

/** Of lanes too: to the engine they are as different as channels are. */
const CHANNELS = [1, 2, 250, laneNumber(1, Lane.REQUESTS), laneNumber(250, Lane.ARRAYS)];

function command(name: string, run: (model: Model, pair: ResumablePair) => void): ResumeCommand {
  return { check: () => true, run, toString: () => name };
}

function send(side: End, number: number, byteLength: number, confirm: boolean): ResumeCommand {
  return command(`send(${side}, ${number}, ${byteLength}, ${confirm})`, (model, { sides }) => {
    const sent = model.sent[side];
    const messages = sent.get(number) ?? [];
    sent.set(number, messages);
    const bytes = testBytes(byteLength, messages.length * 251 + number);
    messages.push(bytes);
    sides[side].application.send(number, bytes, confirm);
  });
}

/** Consumes nothing of the channel from now on, or again. */
function withholdOrRelease(side: End, number: number): ResumeCommand {
  return command(`withhold or release(${side}, ${number})`, (model, { sides }) => {
    const { application } = sides[side];
    const withheld = model.withheld[side];
    if (withheld.delete(number)) application.release(number);
    else {
      withheld.add(number);
      application.withhold(number);
    }
  });
}

function pass(ms: number): ResumeCommand {
  return command(`pass(${ms})`, (_model, { time }) => {
    time.runUntil(time.nowMs + ms);
  });
}

const cut = command('cut', (_model, pair) => {
  pair.cut();
});

const reconnect = command('reconnect', (_model, pair) => {
  pair.cut();
  pair.reconnect();
});

const end = fc.constantFrom<End>(0, 1);
const channel = fc.constantFrom(...CHANNELS);
const size = fc.oneof(
  { weight: 6, arbitrary: fc.nat(300) },
  { weight: 2, arbitrary: fc.integer({ min: 1900, max: 40_000 }) },
  // Larger than a window.
  { weight: 1, arbitrary: fc.integer({ min: 70_000, max: 200_000 }) },
);
const commands = fc.commands(
  [
    fc.tuple(end, channel, size, fc.boolean()).map((given) => send(...given)),
    fc.tuple(end, channel, size, fc.boolean()).map((given) => send(...given)),
    fc.oneof(fc.nat(5), fc.nat(60)).map(pass),
    fc.constant(cut),
    fc.constant(reconnect),
    fc.constant(reconnect),
    fc.tuple(end, channel).map((given) => withholdOrRelease(...given)),
  ],
  { maxCommands: 60, size: 'max' },
);

function expectAllArrived(model: Model, sides: readonly [ResumableSide, ResumableSide]): void {
  for (const index of [0, 1] as const) {
    for (const [number, messages] of model.sent[index]) {
      const arrived = sides[1 - index]!.application.messagesOn(number);
      expect(arrived.map(({ length }) => length)).toEqual(messages.map(({ length }) => length));
      expect(arrived.every((bytes, at) => Buffer.compare(bytes, messages[at]!) === 0)).toBe(true);
    }
  }
}

describe('a session whose connections break', () => {
  it('loses nothing, repeats nothing, keeps each channel in order, settles every promise, and holds nothing back', async () => {
    const segments = fc.option(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 8 }));
    const links = fc.record({ bytesPerSecond: fc.constantFrom(200_000, 5_000_000, Infinity), segments });
    await fc.assert(
      fc.asyncProperty(links, commands, async ({ bytesPerSecond, segments: sizes }, steps) => {
        let turn = 0;
        const nextSegmentBytes = () => (sizes ? sizes[(turn += 1) % sizes.length]! : Infinity);
        const model: Model = { sent: [new Map(), new Map()], withheld: [new Set(), new Set()] };
        const pair = new ResumablePair({ bytesPerSecond, nextSegmentBytes });
        fc.modelRun(() => ({ model, real: pair }), steps);
        pair.cut();
        for (const [index, withheld] of model.withheld.entries()) {
          for (const number of withheld) pair.sides[index]!.application.release(number);
        }
        pair.reconnect();
        pair.time.runUntilQuiet();
        expectAllArrived(model, pair.sides);
        for (const { application, conversation } of pair.sides) {
          expect(application.closeReasons).toEqual([]);
          expect(await application.promises.rejected()).toEqual([]);
          expect(await application.promises.pending()).toEqual([]);
          expect([conversation.queuedBytes, conversation.packBuffer.slab.liveBytes]).toEqual([0, 0]);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('go on with a large message at the frame that is missing', () => {
    const pair = new ResumablePair({ bytesPerSecond: 1_000_000 });
    const message = testBytes(900_000);
    pair.client.application.send(1, message);
    pair.time.runUntil(700);
    pair.cut();
    const before = pair.server.conversation.positions.get(1)!;
    expect(before).toMatchObject({ messages: 0 });
    expect(before.fragmentBytes).toBeGreaterThan(400_000);
    pair.reconnect();
    const beganMs = pair.time.nowMs;
    pair.time.runUntilTrue(() => pair.server.application.messages.length > 0);
    expect(pair.time.nowMs - beganMs).toBeLessThan(500);
    expect(pair.server.application.messages[0]?.bytes).toEqual(message);
  });

  it('take what is sent meanwhile up to the bound of the queue, and say so beyond', () => {
    const pair = new ResumablePair();
    pair.cut();
    const { application } = pair.client;
    for (let at = 0; at < 4; at += 1) application.send(1, testBytes(900_000, at));
    expect(() => {
      application.send(1, testBytes(900_000));
    }).toThrow(/maxQueuedBytes 4000000/);
    pair.reconnect();
    pair.time.runUntilQuiet();
    expect(pair.server.application.messages).toHaveLength(4);
  });
});

describe('positions that cannot be', () => {
  const none = { messages: 0, frameBytes: 0, fragmentBytes: 0 };
  const impossible: [string, ChannelPositions][] = [
    ['of messages that were never sent', new Map([[1, { messages: 3, frameBytes: 36, fragmentBytes: 0 }]])],
    ['of bytes that were never sent', new Map([[1, { messages: 2, frameBytes: 37, fragmentBytes: 0 }]])],
    ['of fewer messages than were consumed', new Map([[1, none]])],
    [
      'of a channel on which nothing was sent',
      new Map([
        [1, { messages: 2, frameBytes: 36, fragmentBytes: 0 }],
        [9, { ...none, messages: 1 }],
      ]),
    ],
    ['that leave a channel out', new Map()],
  ];
  it.each(impossible)('are refused: %s', (_what, positions) => {
    const pair = new ResumablePair();
    for (const confirm of [true, true]) pair.client.application.send(1, testBytes(10), confirm);
    pair.time.runUntilQuiet();
    pair.cut();
    expect(() => {
      pair.client.conversation.rewind(positions);
    }).toThrow(ProtocolError);
  });
});

describe('a session that begins again', () => {
  it('counts what is lost, tells who waits for it, and sends what was not sent yet', async () => {
    const pair = new ResumablePair();
    const { application, conversation } = pair.client;
    application.send(1, testBytes(10), true);
    pair.time.runUntilQuiet();
    pair.server.application.withhold(1);
    application.send(1, testBytes(20), true);
    pair.time.runUntilQuiet();
    pair.cut();
    application.send(1, testBytes(30), true);
    application.send(7, testBytes(2), true);
    const fresh = createSide('server');
    expect(conversation.restart(SMALL_LIMITS, new Error('lost'))).toEqual([{ channel: 1, messages: 1 }]);
    expect(await application.promises.rejected()).toEqual(['message 2 on 1 consumed']);
    pair.connect(fresh);
    pair.time.runUntilQuiet();
    expect(fresh.application.messages.map(({ channel: number, bytes }) => [number, bytes.length])).toEqual([
      [1, 30],
      [7, 2],
    ]);
    expect(await application.promises.pending()).toEqual([]);
    expect(await application.promises.rejected()).toHaveLength(1);
  });
});
