import { Lane, laneNumber } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PRIORITIES } from '../../src/engine/sending/send-policy.ts';
import { SessionThrottle } from '../../src/engine/session-throttle.ts';
import {
  createEnginePair,
  createHandshakePair,
  expectAllOver,
  expectNothingLeft,
  type Pair,
  type Side,
} from './engine-pair.ts';
import type { MemorySource, MemoryTarget } from './memory-files.ts';

/** Of lanes too: to the engine they are as different as channels are. */
const CHANNELS = [1, 2, 250, laneNumber(1, Lane.REQUESTS), laneNumber(250, Lane.ARRAYS)];

/** How many bytes arrive together: from a few to whole writes. Larger data for larger pieces, so that a run stays short. */
const segmentations = fc.constantFrom(
  { maxSegmentBytes: 7, maxBytes: 3000 },
  { maxSegmentBytes: 100, maxBytes: 30_000 },
  { maxSegmentBytes: 1460, maxBytes: 200_000 },
  { maxSegmentBytes: 65_536, maxBytes: 400_000 },
);
const links = fc.record({
  bytesPerSecond: fc.constantFrom(300_000, 5_000_000, Infinity),
  delayMs: fc.constantFrom(0, 1, 40),
  sendBufferBytes: fc.constantFrom(0, 10_000, 1_000_000),
});

const side = fc.nat(1);
const channel = fc.constantFrom(...CHANNELS);
/** A share of the largest size of the run; most are small. */
const size = fc
  .oneof({ weight: 3, arbitrary: fc.nat(20) }, { weight: 2, arbitrary: fc.nat(1000) })
  .map((share) => share / 1000);
const steps = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      side,
      channel,
      size,
      confirm: fc.boolean(),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('withhold' as const, 'release' as const), side, channel }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('send file' as const, 'get file' as const), side, size }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('cancel' as const, 'stall' as const), side, which: fc.nat(9) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('set pace' as const),
      blockSizeBytes: fc.constantFrom(1024, 5000, 65_536),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('set rate' as const),
      bytesPerSecond: fc.constantFrom(Infinity, 5_000_000, 100_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('set policy' as const),
      side,
      channel,
      priority: fc.constantFrom(...PRIORITIES),
      weight: fc.constantFrom(1, 10),
      bytesPerSecond: fc.constantFrom(0, 20_000, 1_000_000),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(30) }) },
);
type Step = typeof steps extends fc.Arbitrary<infer Value> ? Value : never;

/** What was put into a pair, to be compared with what came out of it. */
class Model {
  readonly pair: Pair;
  readonly #throttles: readonly SessionThrottle[];
  readonly #maxBytes: number;
  readonly #sent: readonly Map<number, Uint8Array[]>[] = [new Map(), new Map()];
  readonly #files: { readonly content: Uint8Array; readonly source?: MemorySource; readonly target?: MemoryTarget }[] =
    [];
  #seed = 1;

  constructor(pair: Pair, throttles: readonly SessionThrottle[], maxBytes: number) {
    this.pair = pair;
    this.#throttles = throttles;
    this.#maxBytes = maxBytes;
  }

  take(step: Step): void {
    const { time, server } = this.pair;
    if (step.kind === 'wait') {
      time.runUntil(time.nowMs + step.ms);
      return;
    }
    if (step.kind === 'set pace') {
      server.application.engine.setPace({ blockSizeBytes: step.blockSizeBytes, bytesPerSecond: null });
      return;
    }
    if (step.kind === 'set rate') {
      const { bytesPerSecond } = step;
      for (const throttle of this.#throttles) throttle.setRate(bytesPerSecond, time.nowMs);
      const announced = bytesPerSecond === Infinity ? null : bytesPerSecond;
      server.application.engine.setPace({ blockSizeBytes: 8192, bytesPerSecond: announced });
      return;
    }
    const own = this.#side(step.side);
    switch (step.kind) {
      case 'send':
        for (let count = 0; count < step.count; count += 1)
          this.#send(step.side, step.channel, step.size, step.confirm);
        break;
      case 'set policy': {
        const { engine } = own.application;
        engine.changePolicy(engine.conversation.channels.outgoing(step.channel).policy, step, time.nowMs);
        break;
      }
      case 'withhold':
        own.application.withhold(step.channel);
        break;
      case 'release':
        own.application.release(step.channel);
        break;
      case 'send file':
      case 'get file':
        this.#beginFile(own, this.#side(1 - step.side), step.kind === 'send file', step.size);
        break;
      case 'cancel': {
        const files = [...own.application.sources, ...own.application.targets];
        files[step.which % Math.max(1, files.length)]?.cancel();
        break;
      }
      case 'stall': {
        const target = own.application.targets[step.which % Math.max(1, own.application.targets.length)];
        if (target) target.isStalled = true;
      }
    }
  }

  /** Lets go what was held back. */
  releaseAll(): void {
    for (const { application } of this.pair.sides) {
      for (const number of CHANNELS) application.release(number);
      for (const target of application.targets) {
        target.isStalled = false;
        if (target.outcome === 'pending') target.writeOut();
      }
    }
  }

  /** In each direction: nothing lost, nothing twice, nothing changed, in order on each channel. */
  expectDelivered(isComplete: boolean): void {
    for (const from of [0, 1] as const) {
      for (const number of CHANNELS) {
        const sent = this.#sent[from]?.get(number) ?? [];
        const received = this.#side(1 - from).application.messagesOn(number);
        expect(received.length).toBeLessThanOrEqual(sent.length);
        if (isComplete) expect(received).toHaveLength(sent.length);
        const wrong = received.findIndex((bytes, index) => !Buffer.from(bytes).equals(sent[index]!));
        expect(wrong).toBe(-1);
      }
    }
    for (const { content, target } of this.#files) {
      if (target?.outcome === 'done') expect(Buffer.from(target.content).equals(content)).toBe(true);
    }
  }

  /** What a side says was delivered, against what the other one really received. */
  expectReportTrue(): void {
    for (const from of [0, 1] as const) {
      const { engine } = this.#side(from).application;
      for (const { channel: number, deliveredMessages, undeliveredMessages } of engine.deliveries) {
        const accepted = this.#sent[from]?.get(number)?.length ?? 0;
        expect(deliveredMessages + undeliveredMessages).toBe(accepted);
        expect(deliveredMessages).toBeLessThanOrEqual(this.#side(1 - from).application.messagesOn(number).length);
      }
    }
  }

  #side(index: number): Side {
    return this.pair.sides[index === 0 ? 0 : 1];
  }

  #send(index: number, number: number, share: number, confirm: boolean): void {
    const bytes = testBytes(Math.floor(share * this.#maxBytes), (this.#seed += 1));
    const messages = this.#sent[index]?.get(number) ?? [];
    this.#sent[index]?.set(number, messages);
    messages.push(bytes);
    this.#side(index).application.send(number, bytes, confirm);
  }

  #beginFile(own: Side, peer: Side, isSent: boolean, share: number): void {
    const content = testBytes(Math.floor(share * this.#maxBytes), (this.#seed += 1));
    const path = `file ${this.#seed}`;
    if (own.application.sources.length + own.application.targets.length > 4) return;
    if (isSent) own.application.sendFile(path, content);
    else {
      peer.application.files.set(path, content);
      this.#files.push({ content, target: own.application.getFile(path) });
    }
  }
}

function createModel(link: object, segmentation: { maxSegmentBytes: number; maxBytes: number }, seed: number): Model {
  let state = seed + 1;
  const nextSegmentBytes = () => {
    state = (state * 48_271) % 0x7fff_ffff;
    return 1 + (state % segmentation.maxSegmentBytes);
  };
  const options = { settings: { minInFlightBytes: 16_384, maxInFlightBytes: 100_000 }, blockSizeBytes: 8192 };
  const [client, server] = [0, 1].map(() => new SessionThrottle({ bytesPerSecond: Infinity })) as [
    SessionThrottle,
    SessionThrottle,
  ];
  const pair = createEnginePair({
    link: { ...link, nextSegmentBytes },
    client: { ...options, throttle: client },
    server: { ...options, throttle: server },
    maxTakeBytes: 65_536,
  });
  return new Model(pair, [client, server], segmentation.maxBytes);
}

const runs = {
  link: links,
  segmentation: segmentations,
  steps: fc.array(steps, { maxLength: 40 }),
  seed: fc.nat(1_000_000),
};

it('whatever two programs do, all of it arrives, in order, unchanged, and nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(fc.record(runs), async ({ link, segmentation, steps: taken, seed }) => {
      const model = createModel(link, segmentation, seed);
      for (const step of taken) model.take(step);
      model.pair.time.runUntilQuiet();
      model.releaseAll();
      model.pair.time.runUntilQuiet();
      model.expectDelivered(true);
      await expectNothingLeft(model.pair);
    }),
    { numRuns: 150 },
  );
});

it('whenever and by whomever the session is closed, all settles, and the reports are true', async () => {
  const closing = fc.record({
    by: fc.constantFrom([0], [1], [0, 1]),
    drainMs: fc.constantFrom(0, 20, 60_000),
    cuts: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.record(runs),
      closing,
      async ({ link, segmentation, steps: taken, seed }, { by, drainMs, cuts }) => {
        const model = createModel(link, segmentation, seed);
        const { pair } = model;
        for (const step of taken) model.take(step);
        for (const index of by) {
          const { engine } = pair.sides[index === 0 ? 0 : 1].application;
          engine.close(0, 'closing', pair.time.nowMs + drainMs);
        }
        if (cuts) {
          pair.time.runUntil(pair.time.nowMs + 15);
          for (const { end } of pair.sides) end.lose();
        }
        model.releaseAll();
        await expectAllOver(pair);
        model.expectDelivered(false);
        model.expectReportTrue();
      },
    ),
    { numRuns: 150 },
  );
});

it('a session that begins with a handshake goes on as any other', async () => {
  const pair = createHandshakePair({ link: { nextSegmentBytes: () => 11 } });
  pair.time.runUntilTrue(() => pair.client.application.hasSession);
  pair.client.application.send(1, testBytes(5000), true);
  pair.server.application.sendFile('f', testBytes(20_000));
  await expectNothingLeft(pair);
  expect(pair.server.application.messagesOn(1)).toEqual([testBytes(5000)]);
});
