/** A frame as docs/PROTOCOL.md §3 has it, written down without our own codec: a test of it must not share its mistakes. */
export interface RawFrame {
  readonly type: number;
  readonly channel: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export interface RawFrameParts {
  readonly channel?: number;
  readonly flags?: number;
  readonly stream?: number;
  /** Bytes, or what becomes JSON. */
  readonly payload?: unknown;
  /** What the header says instead of the payload's true length. */
  readonly length?: number;
}

const HEADER_BYTES = 8;
const PREFACE_BYTES = 8;

export function rawPreface(version = 1): Buffer {
  return Buffer.concat([Buffer.from('TCPCOMM'), Buffer.of(version)]);
}

export function rawFrame(type: number, parts: RawFrameParts = {}): Buffer {
  const { channel = 0, flags = 0, stream = 0 } = parts;
  const payload = payloadBytes(parts.payload);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUIntBE(parts.length ?? payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(channel, 4);
  header.writeUInt8(flags, 5);
  header.writeUInt16BE(stream, 6);
  return Buffer.concat([header, payload]);
}

/** Counters for ACK and CREDIT. */
export function rawCounters(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, index) => bytes.writeBigUInt64BE(BigInt(value), index * 8));
  return bytes;
}

/** The whole frames behind the preface of what one side has sent. */
export function parseRawFrames(bytes: Buffer): RawFrame[] {
  const frames: RawFrame[] = [];
  for (let at = PREFACE_BYTES; at + HEADER_BYTES <= bytes.length;) {
    const length = bytes.readUIntBE(at, 3);
    const end = at + HEADER_BYTES + length;
    if (end > bytes.length) break;
    frames.push({
      type: bytes.readUInt8(at + 3),
      channel: bytes.readUInt8(at + 4),
      flags: bytes.readUInt8(at + 5),
      stream: bytes.readUInt16BE(at + 6),
      payload: bytes.subarray(at + HEADER_BYTES, end),
    });
    at = end;
  }
  return frames;
}

function payloadBytes(payload: unknown): Buffer {
  if (payload === undefined) return Buffer.alloc(0);
  return payload instanceof Uint8Array ? Buffer.from(payload) : Buffer.from(JSON.stringify(payload));
}
