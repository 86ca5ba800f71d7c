/**
 * Every bound of the protocol that both ends must know. docs/LIMITS.md is the page for people;
 * a test compares the two.
 */

/** The numbers that fit the three-byte length of a frame header. */
export const MAX_FRAME_LENGTH = 0xff_ff_ff;

/** Channels of the user: 1 to 250. */
export const MIN_CHANNEL = 1;
export const MAX_CHANNEL = 250;
/** What belongs to no channel: handshake, acknowledgements, pings, the control of transfers. */
export const CONTROL_CHANNEL = 0;
/** Labels file bytes that travel from the client to the server. */
export const FILE_TO_SERVER_CHANNEL = 252;
/** Labels file bytes that travel from the server to the client. */
export const FILE_TO_CLIENT_CHANNEL = 253;
/** Never on the wire: the channel on which classic callbacks hear notices. */
export const NOTICE_CHANNEL = 255;

/**
 * The largest frame accepted before both sides have told their limits. Room for a machine id, credentials, and where each lane of each channel
 * of a session stands that is taken up again.
 */
export const MAX_HANDSHAKE_FRAME_BYTES = 98_304;
/** The largest JSON control message: the longest paths of common systems (4,096 bytes), escaped, fit well. */
export const MAX_CONTROL_FRAME_BYTES = 65_536;
/** UTF-16 units of a machine id. */
export const MAX_MACHINE_ID_LENGTH = 256;
/** UTF-16 units of the credentials that a client may send. */
export const MAX_CREDENTIALS_LENGTH = 8_192;
/** UTF-16 units of the key that proves who a client is that takes its session up again. */
export const MAX_SESSION_KEY_LENGTH = 128;
/** Transfers of each kind that one side tells of when a session is taken up again. */
export const MAX_STANDING_TRANSFERS = 64;

/** What a side may announce for `maxFrameBytes`. Every side accepts control messages of 64 KiB, so no less makes sense. */
export const MIN_MAX_FRAME_BYTES = 65_536;
/** Largest window or message that a side may announce: what a double counts exactly is far above it. */
export const MAX_ANNOUNCED_BYTES = 2 ** 40;

/** What one side is ready to receive; each side tells the other in HELLO or WELCOME. */
export interface ReceiveLimits {
  /** Largest payload of one frame. */
  readonly maxFrameBytes: number;
  /** Largest whole message on a channel. */
  readonly maxMessageBytes: number;
  /** Frame bytes (headers included) that may lie unconsumed on one channel. */
  readonly channelWindowBytes: number;
  /** Frame bytes of one transfer that may wait for the receiver's disk. */
  readonly transferWindowBytes: number;
}

export const DEFAULT_RECEIVE_LIMITS: ReceiveLimits = {
  maxFrameBytes: 1_048_576,
  maxMessageBytes: 67_108_864,
  channelWindowBytes: 1_048_576,
  transferWindowBytes: 4_194_304,
};
