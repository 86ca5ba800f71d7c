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

  it('gives back the memory of what is discarded, not of what has left', () => {
    const buffer = new PackBuffer();
    const segment = packedSegment(buffer, 10, 20);
    segment.takeFrame(1, 1000, new OutputBatch());
    segment.discard();
    expect([segment.remainingBytes, segment.remainingMessages]).toEqual([0, 0]);
    expect(buffer.reserve(1)).toBe(46);
    buffer.release(buffer.slab, 1);
    buffer.release(buffer.slab, 18);
    expect(buffer.reserve(1)).toBe(0);
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
    segment.discard();
    expect([segment.remainingBytes, segment.remainingMessages]).toEqual([0, 0]);
  });
});
