import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { checkForLeaks, letEventsRun, testBytes } from '@tcpcomm/test-support';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ThrottleStream, type ThrottleStreamOptions, TokenBucket } from '../src/index.ts';

checkForLeaks();

/** Cuts bytes into pieces of these sizes, again and again. */
function cut(bytes: Uint8Array, ...sizes: number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < bytes.length;) {
    const size = sizes[pieces.length % sizes.length]!;
    pieces.push(bytes.subarray(start, start + size));
    start += size;
  }
  return pieces;
}

function collector(): { sink: Writable; chunks: Buffer[]; byteCount: () => number } {
  const chunks: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      chunks.push(chunk);
      callback();
    },
  });
  return { sink, chunks, byteCount: () => chunks.reduce((sum, { length }) => sum + length, 0) };
}

describe('in real time', () => {
  it.each([
    ['small chunks', [1, 7, 300]],
    ['chunks of many quanta', [40_000]],
    ['one chunk', [200_000]],
  ])('all bytes come through unchanged and in order: %s', async (_name, sizes) => {
    const bytes = testBytes(200_000);
    const { sink, chunks } = collector();
    await pipeline(Readable.from(cut(bytes, ...sizes)), new ThrottleStream({ bytesPerSecond: 2_000_000 }), sink);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  });

  it('is not faster than the rate', async () => {
    const { sink, byteCount } = collector();
    const startMs = performance.now();
    await pipeline(Readable.from([testBytes(150_000)]), new ThrottleStream({ bytesPerSecond: 500_000 }), sink);
    // All but the burst of 20 ms has to be earned.
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(280);
    expect(byteCount()).toBe(150_000);
  });

  it('goes by the new rate in the middle of a chunk', async () => {
    const stream = new ThrottleStream({ bytesPerSecond: 1000 });
    const { sink, byteCount } = collector();
    stream.once('data', () => stream.setRate(100_000_000));
    // At the old rate this would take a quarter of an hour.
    await pipeline(Readable.from([testBytes(1_000_000)]), stream, sink);
    expect(byteCount()).toBe(1_000_000);
  });
});

describe('in virtual time', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A stream with more written to it than it lets through in the time of a test, and what comes out of it. */
  function startStream(options: ThrottleStreamOptions, byteCount = 10_000_000) {
    const stream = new ThrottleStream(options);
    const { sink, chunks, byteCount: passedBytes } = collector();
    stream.pipe(sink);
    stream.write(Buffer.alloc(byteCount));
    return { stream, sink, chunks, passedBytes };
  }

  it.each([4096, 65_536, 1_000_000, 50_000_000])(
    '%i B/s are kept, in pieces of at most 5 ms',
    async (bytesPerSecond) => {
      const { stream, chunks, passedBytes } = startStream({ bytesPerSecond }, 3 * bytesPerSecond);
      const burstBytes = Math.max(4096, bytesPerSecond / 50);
      for (const seconds of [1, 2]) {
        await vi.advanceTimersByTimeAsync(1000);
        const earned = bytesPerSecond * seconds;
        const quantum = bytesPerSecond / 200;
        expect(passedBytes()).toBeLessThanOrEqual(earned + burstBytes);
        expect(passedBytes()).toBeGreaterThan(earned + burstBytes - 2 * quantum);
      }
      const largest = Math.max(...chunks.map(({ length }) => length));
      expect(largest).toBe(Math.floor(bytesPerSecond / 200));
      stream.destroy();
    },
  );

  it('a rate of a byte a second lets one byte through at a time', async () => {
    const { stream, chunks, passedBytes } = startStream({ bytesPerSecond: 1, burstBytes: 1 }, 100);
    await vi.advanceTimersByTimeAsync(10_500);
    expect(passedBytes()).toBe(11);
    expect(chunks.every(({ length }) => length === 1)).toBe(true);
    stream.destroy();
  });

  it('no limit lets chunks through as they are', async () => {
    const { stream, chunks } = startStream({ bytesPerSecond: Infinity }, 5_000_000);
    await letEventsRun();
    expect(chunks.map(({ length }) => length)).toEqual([5_000_000]);
    stream.destroy();
  });

  describe('a new rate', () => {
    it.each([
      ['higher', 10_000, 1_000_000],
      ['lower', 50_000_000, 1000],
    ])('that is %s holds within 50 ms, in the middle of a chunk', async (_name, before, after) => {
      const { stream, passedBytes } = startStream({ bytesPerSecond: before }, 100_000_000);
      await vi.advanceTimersByTimeAsync(500);
      expect(stream.bytesPerSecond).toBe(before);
      stream.setRate(after);
      expect(stream.bytesPerSecond).toBe(after);
      const startBytes = passedBytes();
      await vi.advanceTimersByTimeAsync(50);
      const burstBytes = Math.max(4096, after / 50);
      expect(passedBytes() - startBytes).toBeLessThanOrEqual(burstBytes + after / 20);
      const settledBytes = passedBytes();
      await vi.advanceTimersByTimeAsync(1000);
      expect(Math.abs(passedBytes() - settledBytes - after)).toBeLessThanOrEqual(after / 100);
      stream.destroy();
    });

    it('is not kept waiting by the old one', async () => {
      const { stream, passedBytes } = startStream({ bytesPerSecond: 1 });
      await vi.advanceTimersByTimeAsync(5);
      const startBytes = passedBytes();
      stream.setRate(1_000_000);
      await vi.advanceTimersByTimeAsync(10);
      expect(passedBytes() - startBytes).toBeGreaterThanOrEqual(5000);
      stream.destroy();
    });

    it('of a bucket above holds within 50 ms', async () => {
      const parent = new TokenBucket({ bytesPerSecond: 1 });
      const { stream, passedBytes } = startStream({ bytesPerSecond: Infinity, parent });
      await vi.advanceTimersByTimeAsync(10_000);
      expect(passedBytes()).toBeLessThan(5000);
      parent.setRate(1_000_000, performance.now());
      const startBytes = passedBytes();
      await vi.advanceTimersByTimeAsync(50);
      expect(passedBytes()).toBeGreaterThan(startBytes);
      stream.destroy();
    });

    it.each([0, -1, NaN])('of %d is refused, and the old one holds', (rate) => {
      const stream = new ThrottleStream({ bytesPerSecond: 1000 });
      expect(() => stream.setRate(rate)).toThrow(RangeError);
      expect(stream.bytesPerSecond).toBe(1000);
      stream.destroy();
    });
  });

  it('a reader that does not read holds up the writer, and what it leaves costs no tokens', async () => {
    const parent = new TokenBucket({ bytesPerSecond: 1_000_000 });
    const stream = new ThrottleStream({ bytesPerSecond: Infinity, parent, highWaterMark: 16_384 });
    expect(stream.write(testBytes(1_000_000))).toBe(false);
    await vi.advanceTimersByTimeAsync(1000);
    expect(stream.readableLength).toBeGreaterThanOrEqual(16_384);
    expect(stream.readableLength).toBeLessThan(16_384 + 5000);
    expect(stream.writableNeedDrain).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    expect(parent.take(20_000, performance.now())).toBe(true);

    const { sink, chunks, byteCount } = collector();
    stream.pipe(sink);
    await vi.advanceTimersByTimeAsync(1100);
    expect(byteCount()).toBe(1_000_000);
    expect(Buffer.concat(chunks).equals(testBytes(1_000_000))).toBe(true);
    expect(stream.writableNeedDrain).toBe(false);
    stream.destroy();
  });

  it('streams below one bucket share it by weight', async () => {
    const parent = new TokenBucket({ bytesPerSecond: 1_000_000 });
    const [light, heavy] = [1, 3].map((weight) => startStream({ bytesPerSecond: Infinity, parent, weight }));
    await vi.advanceTimersByTimeAsync(2000);
    expect(light!.passedBytes() / 500_000).toBeCloseTo(1, 1);
    expect(heavy!.passedBytes() / 1_500_000).toBeCloseTo(1, 1);
    for (const { stream } of [light!, heavy!]) stream.destroy();
  });

  it('a stream that is over leaves its share at once', () => {
    const parent = new TokenBucket({ bytesPerSecond: 1_000_000 });
    const other = new TokenBucket({ bytesPerSecond: Infinity, parent });
    const { stream } = startStream({ bytesPerSecond: Infinity, parent });
    const nowMs = performance.now();
    other.spend(100_000, nowMs);
    expect(other.delayMs(1, nowMs)).toBeGreaterThan(parent.delayMs(1, nowMs));
    stream.destroy();
    expect(other.delayMs(1, nowMs)).toBe(parent.delayMs(1, nowMs));
  });

  describe('no timer is left', () => {
    it('after the end, which comes behind the last byte', async () => {
      const { stream, sink, passedBytes } = startStream({ bytesPerSecond: 100_000 }, 50_000);
      stream.end(Buffer.alloc(50_000));
      let endBytes = 0;
      sink.on('finish', () => (endBytes = passedBytes()));
      await vi.advanceTimersByTimeAsync(1000);
      expect(endBytes).toBe(100_000);
      expect(stream.destroyed).toBe(true);
      expect(vi.getTimerCount()).toBe(0);
    });

    it('after destroy in the middle of a chunk', async () => {
      const { stream, passedBytes } = startStream({ bytesPerSecond: 1000 });
      await vi.advanceTimersByTimeAsync(100);
      expect(vi.getTimerCount()).toBe(1);
      stream.destroy();
      expect(vi.getTimerCount()).toBe(0);
      stream.setRate(1_000_000);
      const startBytes = passedBytes();
      await vi.advanceTimersByTimeAsync(100);
      expect(vi.getTimerCount()).toBe(0);
      expect(passedBytes()).toBe(startBytes);
    });

    it('after destroy by a listener of data', () => {
      const stream = new ThrottleStream({ bytesPerSecond: 1_000_000 });
      let count = 0;
      stream.on('data', () => {
        count += 1;
        if (count === 2) stream.destroy();
      });
      stream.write(Buffer.alloc(100_000));
      expect([count, vi.getTimerCount()]).toEqual([2, 0]);
    });
  });
});

describe('what ends it early', () => {
  const options = { bytesPerSecond: 1000 };
  const endless = () => Readable.from(cut(testBytes(1_000_000), 10_000));

  it('an error of the source reaches the pipeline', async () => {
    const source = new Readable({ read: () => {} });
    const stream = new ThrottleStream(options);
    source.push(testBytes(50_000));
    stream.once('data', () => source.destroy(new Error('the source failed')));
    await expect(pipeline(source, stream, collector().sink)).rejects.toThrow('the source failed');
    expect(stream.destroyed).toBe(true);
  });

  it('an error of the target reaches the pipeline', async () => {
    const stream = new ThrottleStream(options);
    const sink = new Writable({ write: (_chunk, _encoding, callback) => callback(new Error('the target failed')) });
    await expect(pipeline(endless(), stream, sink)).rejects.toThrow('the target failed');
    expect(stream.destroyed).toBe(true);
  });

  it('its own signal', async () => {
    const controller = new AbortController();
    const stream = new ThrottleStream({ ...options, signal: controller.signal });
    stream.once('data', () => controller.abort());
    await expect(pipeline(endless(), stream, collector().sink)).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('a signal that is aborted already', async () => {
    const stream = new ThrottleStream({ ...options, signal: AbortSignal.abort() });
    expect(await once(stream, 'error')).toMatchObject([{ name: 'AbortError' }]);
    expect(stream.destroyed).toBe(true);
  });

  it('the signal of the pipeline', async () => {
    const controller = new AbortController();
    const stream = new ThrottleStream(options);
    stream.once('data', () => controller.abort());
    const { signal } = controller;
    await expect(pipeline(endless(), stream, collector().sink, { signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});

describe('edges', () => {
  it.each<[string, object]>([
    ['bytesPerSecond must be a number from 1 to Infinity, got 0', { bytesPerSecond: 0 }],
    ['burstBytes must be a finite number greater than 0, got -1', { bytesPerSecond: 1, burstBytes: -1 }],
    ['weight must be a number from 0.000001 to 1000000, got 0', { bytesPerSecond: 1, weight: 0 }],
  ])('refuses: %s', (message, options) => {
    expect(() => new ThrottleStream(options as ThrottleStreamOptions)).toThrow(new RangeError(message));
  });

  it('nothing at all comes through as nothing', async () => {
    const { sink, chunks } = collector();
    await pipeline(Readable.from([]), new ThrottleStream({ bytesPerSecond: 1 }), sink);
    expect(chunks).toEqual([]);
  });

  it('an empty chunk and text come through as bytes', async () => {
    const stream = new ThrottleStream({ bytesPerSecond: 1_000_000 });
    const { sink, chunks } = collector();
    stream.write('');
    stream.write(new Uint8Array(0));
    stream.end('grüße');
    await pipeline(stream, sink);
    expect(Buffer.concat(chunks).toString()).toBe('grüße');
  });
});
