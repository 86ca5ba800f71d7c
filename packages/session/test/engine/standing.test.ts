import {
  encodeControlMessage,
  FrameType,
  laneKey,
  laneNumber,
  LANES,
  MAX_HANDSHAKE_FRAME_BYTES,
  type Standing,
} from '@tcpcomm/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leavesRoomForStanding, positionsOf, receivedOf, tellStanding } from '../../src/engine/standing.ts';
import { helloWith, welcomeWith } from './engine-pair.ts';

const welcome = (told: Standing) => ({ ...welcomeWith(), resumed: { machineId: 'm', ...told } });

function standingWith(...paths: readonly (string | undefined)[]): Standing {
  const done = paths.map((path, index) => ({ id: index + 1, ...(path !== undefined && { path }) }));
  return { received: { 1: [5, 60, 7] }, transfers: { continued: [2, 4], done } };
}

it('positions are the same when they have travelled', () => {
  const position = fc.record({ messages: fc.nat(), frameBytes: fc.nat(), fragmentBytes: fc.nat() });
  const lane = fc
    .tuple(fc.integer({ min: 1, max: 250 }), fc.nat({ max: 3 }))
    .map(([channel, kind]) => laneNumber(channel, kind));
  const channels = fc.uniqueArray(fc.tuple(lane, position), {
    selector: ([channel]) => channel,
  });
  fc.assert(
    fc.property(channels, (entries) => {
      const positions = new Map(entries);
      expect(positionsOf(JSON.parse(JSON.stringify(receivedOf(positions))) as Standing['received'])).toEqual(positions);
    }),
  );
});

describe('what is told of a standing', () => {
  it('is all of it where that fits', () => {
    const standing = standingWith('a name', undefined);
    expect(tellStanding(FrameType.WELCOME, standing, welcome)).toEqual(welcome(standing));
  });

  it('is all but the longest names of what is done, as few of them as possible', () => {
    const standing = standingWith(
      '€'.repeat(8_189),
      undefined,
      '€'.repeat(8_192),
      '€'.repeat(8_190),
      '€'.repeat(8_191),
    );
    const told = tellStanding(FrameType.WELCOME, standing, welcome);
    expect(told.resumed?.transfers.done.map(({ id }) => id).toSorted()).toEqual([1, 2, 4, 5]);
    expect(told.resumed).toMatchObject({ received: standing.received, transfers: { continued: [2, 4] } });
  });

  it('fits, whatever the names are', () => {
    const names = fc.array(fc.option(fc.string({ unit: 'binary', maxLength: 3_000 }), { nil: undefined }), {
      maxLength: 64,
    });
    fc.assert(
      fc.property(names, (paths) => {
        const told = tellStanding(FrameType.WELCOME, standingWith(...paths), welcome);
        expect(encodeControlMessage(FrameType.WELCOME, told).length).toBeLessThanOrEqual(MAX_HANDSHAKE_FRAME_BYTES);
      }),
      { numRuns: 30 },
    );
  });

  it('has room beside every HELLO that is let through, however much there is to tell', () => {
    const most = Number.MAX_SAFE_INTEGER;
    const received: Standing['received'] = {};
    for (let lane = 0; lane < LANES; lane += 1) {
      for (let channel = 1; channel <= 250; channel += 1)
        received[laneKey(laneNumber(channel, lane))] = [most, most, most];
    }
    const transfers = { continued: Array.from({ length: 64 }, () => 65_535), done: [] };
    const hello = { ...helloWith(), auth: '\u00e9'.repeat(8_000) };
    expect(leavesRoomForStanding(hello)).toBe(true);
    const resume = { sessionId: 2 ** 32 - 1, key: 'k'.repeat(128), received, transfers };
    const bytes = encodeControlMessage(FrameType.HELLO, { ...hello, resume });
    expect(bytes.length).toBeLessThanOrEqual(MAX_HANDSHAKE_FRAME_BYTES);
    expect(leavesRoomForStanding({ ...hello, auth: '\u0001'.repeat(8_000) })).toBe(false);
  });
});
