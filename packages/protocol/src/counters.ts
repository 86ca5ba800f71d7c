import { ProtocolError } from './errors.ts';
import { WireError } from './wire-error.ts';

/**
 * Counters travel as unsigned 64-bit big-endian integers. They are absolute and never wrap: the largest integer
 * that a double holds exactly (2^53 - 1) lasts one connection for 104 days at 1 GB/s, for 28 years at 10 MB/s.
 */
export const COUNTER_BYTES = 8;
const HIGH_WORD = 2 ** 32;

// Byte by byte, here and below: to make a DataView takes longer than all the rest of a small frame.
export function writeCounter(target: Uint8Array, offset: number, value: number): void {
  writeUint32(target, offset, Math.floor(value / HIGH_WORD));
  writeUint32(target, offset + 4, value % HIGH_WORD);
}

/** @throws ProtocolError `INVALID_ACKNOWLEDGEMENT` for a value above 2^53 - 1 */
export function readCounter(source: Uint8Array, offset: number): number {
  const value = readUint32(source, offset) * HIGH_WORD + readUint32(source, offset + 4);
  if (!Number.isSafeInteger(value)) {
    throw new ProtocolError(WireError.INVALID_ACKNOWLEDGEMENT, `counter ${value} exceeds ${Number.MAX_SAFE_INTEGER}`);
  }
  return value;
}

function writeUint32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >>> 24;
  target[offset + 1] = value >>> 16;
  target[offset + 2] = value >>> 8;
  target[offset + 3] = value;
}

/** The caller has seen to it that there are four bytes. */
export function readUint32(source: Uint8Array, offset: number): number {
  const high = (source[offset]! << 8) | source[offset + 1]!;
  const low = (source[offset + 2]! << 8) | source[offset + 3]!;
  return high * 65_536 + low;
}

/** ACK: one counter, the flow-controlled frame bytes received on this connection. */
export const ACK_PAYLOAD_BYTES = COUNTER_BYTES;

/**
 * CREDIT: two counters. `limitBytes` is how far the peer may send on that channel or transfer, counted in frame bytes
 * from its beginning (as MAX_STREAM_DATA, RFC 9000 §4.1); `consumed` is how many messages of the channel the application
 * has taken, or how many payload bytes of the transfer are with the file system.
 */
export const CREDIT_PAYLOAD_BYTES = 2 * COUNTER_BYTES;

/** PING and PONG: eight bytes that the receiver of a PING returns unchanged. */
export const PING_PAYLOAD_BYTES = 8;
