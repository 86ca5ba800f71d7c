import { FrameType, frameTypeName, ProtocolError, WireError } from '@tcpcomm/protocol';
import type { Role } from '../role.ts';

/** How far a session has come, as the frames that may arrive depend on it. */
export type ReceivingState =
  /** Both sides talk. */
  | 'open'
  /** The peer has said goodbye: it only answers what it is sent. */
  | 'after-goodbye';

const HANDSHAKE_FRAMES = [FrameType.HELLO, FrameType.WELCOME, FrameType.REJECT];

/** Frames that are refused: role and state against type, the whole table (docs/PROTOCOL.md §5 and §8). */
export const REFUSED_FRAMES: Record<Role, Record<ReceivingState, ReadonlySet<number>>> = {
  client: {
    open: new Set([...HANDSHAKE_FRAMES, FrameType.IDENTIFY]),
    'after-goodbye': new Set(
      framesBut(FrameType.ACK, FrameType.CREDIT, FrameType.PING, FrameType.PONG, FrameType.ERROR),
    ),
  },
  server: {
    open: new Set([...HANDSHAKE_FRAMES, FrameType.SETTINGS, FrameType.IDENTIFIED]),
    'after-goodbye': new Set(
      framesBut(FrameType.ACK, FrameType.CREDIT, FrameType.PING, FrameType.PONG, FrameType.ERROR),
    ),
  },
};

export function unexpectedFrame(type: number, state: string): ProtocolError {
  return new ProtocolError(WireError.UNEXPECTED_FRAME, `unexpected ${frameTypeName(type)} frame while ${state}`);
}

function framesBut(...allowed: number[]): number[] {
  return Object.values(FrameType).filter((type) => !allowed.includes(type));
}
