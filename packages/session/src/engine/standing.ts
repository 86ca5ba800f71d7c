import type { Standing } from '@tcpcomm/protocol';
import type { ChannelPositions } from './conversation.ts';

/** As what a side tells the other when a session is taken up again (docs/PROTOCOL.md §5.1). */
export function receivedOf(positions: ChannelPositions): Standing['received'] {
  return Object.fromEntries(
    Array.from(positions, ([channel, { messages, frameBytes, fragmentBytes }]) => [
      String(channel),
      [messages, frameBytes, fragmentBytes],
    ]),
  );
}

export function positionsOf(received: Standing['received']): ChannelPositions {
  return new Map(
    Object.entries(received).map(([channel, [messages, frameBytes, fragmentBytes]]) => [
      Number(channel),
      { messages, frameBytes, fragmentBytes },
    ]),
  );
}
