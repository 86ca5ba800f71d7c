import {
  type ControlMessage,
  encodeControlMessage,
  FrameType,
  type Hello,
  laneKey,
  laneOfKey,
  MAX_HANDSHAKE_FRAME_BYTES,
  type Standing,
} from '@tcpcomm/protocol';
import type { ChannelPositions } from './conversation.ts';

/** As what a side tells the other when a session is taken up again (docs/PROTOCOL.md §5.1). */
export function receivedOf(positions: ChannelPositions): Standing['received'] {
  return Object.fromEntries(
    Array.from(positions, ([number, { messages, frameBytes, fragmentBytes }]) => [
      laneKey(number),
      [messages, frameBytes, fragmentBytes],
    ]),
  );
}

export function positionsOf(received: Standing['received']): ChannelPositions {
  return new Map(
    Object.entries(received).map(([key, [messages, frameBytes, fragmentBytes]]) => [
      laneOfKey(key) ?? 0,
      { messages, frameBytes, fragmentBytes },
    ]),
  );
}

type TellingType = typeof FrameType.HELLO | typeof FrameType.WELCOME;

/** What the positions of all lanes take at most, and the numbers of as many transfers as may be told. */
const STANDING_BYTES = 65_536;

/** Whether a HELLO is small enough to tell a standing too, when its session is taken up again. */
export function leavesRoomForStanding(hello: Hello): boolean {
  return fits(FrameType.HELLO, hello, MAX_HANDSHAKE_FRAME_BYTES - STANDING_BYTES);
}

/**
 * The HELLO or WELCOME that tells where this side stands: of what is done as much as there is room for, without the longest names first
 * (docs/PROTOCOL.md §6.1).
 */
export function tellStanding<Type extends TellingType>(
  type: Type,
  standing: Standing,
  messageWith: (standing: Standing) => ControlMessage<Type>,
): ControlMessage<Type> {
  const { transfers } = standing;
  const done = transfers.done.toSorted((one, other) => (one.path?.length ?? 0) - (other.path?.length ?? 0));
  let message = messageWith(standing);
  while (!fits(type, message, MAX_HANDSHAKE_FRAME_BYTES) && done.pop()) {
    message = messageWith({ ...standing, transfers: { ...transfers, done: [...done] } });
  }
  return message;
}

function fits<Type extends TellingType>(type: Type, message: ControlMessage<Type>, bytes: number): boolean {
  return encodeControlMessage(type, message).length <= bytes;
}
