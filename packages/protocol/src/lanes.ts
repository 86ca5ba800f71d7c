import { MAX_CHANNEL, MIN_CHANNEL } from './limits.ts';

/**
 * The lanes of a channel (docs/PROTOCOL.md §7.1): sequences of messages that do not wait for each other, each with an order and a credit of its own. The
 * field `stream` of MESSAGE and CREDIT says which.
 */
export const Lane = {
  /** What applications send as messages. */
  MESSAGES: 0,
  /** Requests, for the peer to answer. */
  REQUESTS: 1,
  /** Answers to the peer's requests, and what else there is to say of requests that are under way. */
  REPLIES: 2,
  /** Large arrays, and what there is to say of those that the peer sends. */
  ARRAYS: 3,
} as const;

export type Lane = (typeof Lane)[keyof typeof Lane];

/** How many a channel has. */
export const LANES = 4;

const LANE_SHIFT = 8;
const CHANNEL_MASK = 0xff;
const NAMES = ['', ', lane of requests', ', lane of replies', ', lane of arrays'];

/** One number for a lane of a channel; that of its messages is the channel's own. */
export function laneNumber(channel: number, lane: number): number {
  return (lane << LANE_SHIFT) | channel;
}

export function channelOfLane(number: number): number {
  return number & CHANNEL_MASK;
}

export function laneOf(number: number): number {
  return number >> LANE_SHIFT;
}

/** For messages to people. */
export function laneName(number: number): string {
  return `channel ${channelOfLane(number)}${NAMES[laneOf(number)] ?? ''}`;
}

/** As a name in JSON: `7` for the messages of channel 7, `7.1` for its requests. */
export function laneKey(number: number): string {
  const lane = laneOf(number);
  return lane === Lane.MESSAGES ? String(number) : `${channelOfLane(number)}.${lane}`;
}

/** The lane of such a name; undefined where there is none. */
export function laneOfKey(key: string): number | undefined {
  const [channel = 0, lane = Lane.MESSAGES] = key.split('.').map(Number);
  const exists = channel >= MIN_CHANNEL && channel <= MAX_CHANNEL && lane >= 0 && lane < LANES;
  const number = exists && Number.isInteger(channel) && Number.isInteger(lane) ? laneNumber(channel, lane) : undefined;
  return number !== undefined && laneKey(number) === key ? number : undefined;
}
