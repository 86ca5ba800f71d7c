/** The types of frames (docs/PROTOCOL.md §4). Below 0x10 the payload is binary, from there on UTF-8 JSON. */
export const FrameType = {
  /** A message or a fragment of one, on channels 1 to 250. */
  MESSAGE: 0x01,
  /** Bytes of a file. */
  FILE_DATA: 0x02,
  /** How many flow-controlled bytes this side has received. */
  ACK: 0x03,
  /** How far the peer may send on one channel or transfer. */
  CREDIT: 0x04,
  PING: 0x05,
  PONG: 0x06,

  HELLO: 0x10,
  WELCOME: 0x11,
  REJECT: 0x12,
  SETTINGS: 0x13,
  GOAWAY: 0x14,
  ERROR: 0x15,
  /** A client wants another machine id, and the server's answer. */
  IDENTIFY: 0x16,
  IDENTIFIED: 0x17,

  FILE_REQUEST: 0x20,
  FILE_OFFER: 0x21,
  FILE_ACCEPT: 0x22,
  FILE_END: 0x23,
  FILE_DONE: 0x24,
  FILE_ABORT: 0x25,
  TRANSFER_PAUSE: 0x26,
  FOLDER_REQUEST: 0x27,
  FOLDER_OFFER: 0x28,
  FOLDER_ANSWER: 0x29,
} as const;

export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** Flags of MESSAGE. */
export const MessageFlag = {
  /** The last fragment of its message. */
  FIN: 0x01,
  /** The sender waits for this message to be consumed: the receiver sends its credit at once then. */
  CONFIRM: 0x02,
} as const;

/** Named by both sides in the handshake: a session can be taken up again when its connection was lost. */
export const RESUME_FEATURE = 'resume';

const FIRST_EXTENSION_TYPE = 0x80;

const names = new Map<number, string>(Object.entries(FrameType).map(([name, type]) => [type, name]));

/** The name of a type for messages to people, `0x7f` for a type that has none. */
export function frameTypeName(type: number): string {
  return names.get(type) ?? `0x${type.toString(16).padStart(2, '0')}`;
}

export function isKnownFrameType(type: number): type is FrameType {
  return names.has(type);
}

/** Whether a receiver that does not know this type skips it (high bit set) instead of ending the connection. */
export function isSkippableFrameType(type: number): boolean {
  return type >= FIRST_EXTENSION_TYPE;
}
