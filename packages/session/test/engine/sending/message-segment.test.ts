import { MessageFlag } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { LargeSegment, PackedSegment } from '../../../src/engine/sending/message-segment.ts';
import { OutputBatch } from '../../../src/engine/sending/output-batch.ts';
import { PackBuffer, Slab } from '../../../src/engine/sending/pack-buffer.ts';
import { describeFrame, FrameReader, joinBytes, messageFrame, type SeenFrame } from '../frames.ts';

/** What a frame or run consists of. */
function framesOf(batch: OutputBatch): SeenFrame[] {
  return new FrameReader().read(joinBytes(...batch.finish()));
}

function pack(buffer: PackBuffer, payloadBytes: number): { slab: Slab; start: number; end: number } {
  const frame = messageFrame(1, testBytes(payloadBytes));
  const start = buffer.reserve(frame.length);
  buffer.slab.bytes.set(frame, start);
  return { slab: buffer.slab, start, end: start + frame.length };
}

function packedSegment(buffer: PackBuffer, ...sizes: [number, ...number[]]): PackedSegment {
  const [first, ...rest] = sizes.map((size) => pack(buffer, size));
  const segment = new PackedSegment(buffer, first!.start, first!.end);
  for (const { slab, start, end } of rest) expect(segment.tryExtend(slab, start, end)).toBe(true);
  return segment;
}

describe('a run of packed messages', () => {
  it('leaves whole, as one chunk, where it fits', () => {
    const segment = packedSegment(new PackBuffer(), 10, 0, 20);
    const batch = new OutputBatch();
    expect([segment.remainingBytes, segment.remainingMessages]).toEqual([54, 3]);
    expect(segment.takeFrame(1000, 1000, batch)).toBe(54);
    expect(batch.finish()).toHaveLength(1);
    expect(framesOf(batch).map(describeFrame)).toEqual(['MESSAGE 1 FIN 10', 'MESSAGE 1 FIN 0', 'MESSAGE 1 FIN 20']);
    expect([segment.remainingBytes, segment.remainingMessages]).toEqual([0, 0]);
  });

  it.each([
    ['the credit', 1000, 50],
    ['the size of a frame', 42, 1000],
  ])('is cut at the end of a message where %s ends within one', (_what, maxPayloadBytes, creditBytes) => {
    const segment = packedSegment(new PackBuffer(), 10, 20, 10, 10);
    const batch = new OutputBatch();
    expect(segment.takeFrame(maxPayloadBytes, creditBytes, batch)).toBe(18 + 28);
    expect([segment.remainingBytes, segment.remainingMessages]).toEqual([36, 2]);
    expect(framesOf(batch).map(describeFrame)).toEqual(['MESSAGE 1 FIN 10', 'MESSAGE 1 FIN 20']);
    expect(segment.takeFrame(1000, 1000, batch)).toBe(36);
  });

  it('moves one message at least, also one larger than the size of a frame', () => {
    const segment = packedSegment(new PackBuffer(), 500, 10);
    expect(segment.nextFrameBytes()).toBe(508);
    expect(segment.takeFrame(100, 1000, new OutputBatch())).toBe(508);
    expect(segment.remainingMessages).toBe(1);
  });

  it('takes in what lies right behind it and nothing else', () => {
    const buffer = new PackBuffer();
    const segment = packedSegment(buffer, 10);
    buffer.reserve(5);
    const behindGap = pack(buffer, 10);
    expect(segment.tryExtend(behindGap.slab, behindGap.start, behindGap.end)).toBe(false);
    expect(segment.tryExtend(new Slab(1024), 18, 36)).toBe(false);
    expect(segment.remainingMessages).toBe(1);
  });

  it('keeps its memory until all of it was sent and has arrived', () => {
    const buffer = new PackBuffer();
    const segment = packedSegment(buffer, 10, 20);
    segment.takeFrame(1, 1000, new OutputBatch());
    expect([segment.acknowledge(10), segment.acknowledge(100), segment.isAcknowledged]).toEqual([10, 8, false]);
    segment.takeFrame(1, 1000, new OutputBatch());
    expect([segment.isAcknowledged, segment.acknowledge(100), segment.isAcknowledged]).toEqual([false, 28, true]);
    expect(buffer.reserve(1)).toBe(46);
    buffer.release(buffer.slab, 1);
    segment.release();
    expect(buffer.reserve(1)).toBe(0);
  });

  it('goes back to the first message that has not arrived, and gives the memory of those before it back', () => {
    const buffer = new PackBuffer();
    const segment = packedSegment(buffer, 10, 20, 30);
    segment.takeFrame(1000, 18 + 28, new OutputBatch());
    segment.acknowledge(5);
    expect(segment.sentMessages).toBe(2);
    segment.rewind(1);
    expect([segment.sentMessages, segment.remainingMessages, segment.remainingBytes]).toEqual([0, 2, 28 + 38]);
    expect(buffer.slab.liveBytes).toBe(28 + 38);
    const batch = new OutputBatch();
    segment.takeFrame(1000, 1000, batch);
    expect(framesOf(batch).map(describeFrame)).toEqual(['MESSAGE 1 FIN 20', 'MESSAGE 1 FIN 30']);
    expect([segment.acknowledge(28 + 38), segment.isAcknowledged]).toEqual([66, true]);
  });
});

describe('a large message', () => {
  const payload = testBytes(10_000);

  it('is cut into frames of the size asked for, the last one with FIN, and not copied', () => {
    const segment = new LargeSegment(new PackBuffer(), 7, payload, MessageFlag.CONFIRM);
    const batch = new OutputBatch();
    const taken: number[] = [];
    while (segment.remainingBytes > 0) taken.push(segment.takeFrame(4096, 100_000, batch));
    expect(taken).toEqual([4104, 4104, 1816]);
    const frames = framesOf(batch);
    expect(frames.map(describeFrame)).toEqual(['MESSAGE 7 4096', 'MESSAGE 7 4096', 'MESSAGE 7 FIN CONFIRM 1808']);
    expect(joinBytes(...frames.map((frame) => frame.payload))).toEqual(payload);
    expect(batch.finish().filter((chunk) => chunk.buffer === payload.buffer)).toHaveLength(3);
  });

  it('is cut where the credit ends', () => {
    const segment = new LargeSegment(new PackBuffer(), 7, payload, 0);
    const batch = new OutputBatch();
    expect(segment.takeFrame(4096, 1000, batch)).toBe(1000);
    expect(framesOf(batch).map(describeFrame)).toEqual(['MESSAGE 7 992']);
  });

  it('counts what is left of it as its bytes and one header', () => {
    const segment = new LargeSegment(new PackBuffer(), 7, payload, 0);
    expect([segment.remainingBytes, segment.remainingMessages, segment.nextFrameBytes(4096)]).toEqual([
      10_008, 1, 4104,
    ]);
    segment.takeFrame(9000, 100_000, new OutputBatch());
    expect([segment.remainingBytes, segment.remainingMessages, segment.nextFrameBytes(4096)]).toEqual([1008, 1, 1008]);
  });

  it('is gone when all of it was sent and has arrived', () => {
    const segment = new LargeSegment(new PackBuffer(), 7, payload, 0);
    const sentBytes = segment.takeFrame(9000, 100_000, new OutputBatch());
    expect([segment.acknowledge(sentBytes + 5), segment.isAcknowledged]).toEqual([sentBytes, false]);
    const restBytes = segment.takeFrame(9000, 100_000, new OutputBatch());
    expect([segment.sentMessages, segment.acknowledge(restBytes - 1), segment.isAcknowledged]).toEqual([
      1,
      restBytes - 1,
      false,
    ]);
    expect([segment.acknowledge(1), segment.isAcknowledged]).toEqual([1, true]);
  });

  it.each([
    ['goes back to the byte that is missing', 0, 4096, 10_000 - 4096 + 8],
    ['begins again where nothing has arrived', 0, 0, 10_008],
    ['is not sent again where all of it has', 1, 0, 0],
  ])('%s', (_what, receivedMessages, fragmentBytes, remainingBytes) => {
    const segment = new LargeSegment(new PackBuffer(), 7, payload, 0);
    for (let frame = 0; frame < 3; frame += 1) segment.takeFrame(4096, 100_000, new OutputBatch());
    expect([segment.sentMessages, segment.sentFragmentBytes]).toEqual([1, 10_000]);
    segment.rewind(receivedMessages, fragmentBytes);
    expect([segment.remainingBytes, segment.acknowledge(100)]).toEqual([remainingBytes, 0]);
  });

  it('that is a copy gives its memory back when all of it has arrived, however that is known', () => {
    const isLive = (arrive: (segment: LargeSegment) => void): boolean => {
      const buffer = new PackBuffer();
      buffer.reserve(payload.length);
      const { slab } = buffer;
      const segment = new LargeSegment(buffer, 7, slab.bytes, 0, slab);
      for (let frame = 0; frame < 3; frame += 1) segment.takeFrame(4096, 100_000, new OutputBatch());
      arrive(segment);
      return slab.liveBytes > 0;
    };
    expect(isLive((segment) => segment.rewind(0, 4096))).toBe(true);
    expect(isLive((segment) => segment.rewind(1, 0))).toBe(false);
    expect(isLive((segment) => segment.release())).toBe(false);
  });
});
