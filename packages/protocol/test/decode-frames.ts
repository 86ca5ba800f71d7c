import {
  codeOfWireError,
  decodeControlMessage,
  FrameDecoder,
  FrameType,
  isControlFrameType,
  isKnownFrameType,
  isSkippableFrameType,
  PayloadCollector,
  ProtocolError,
  readCounter,
  WireError,
} from '../src/index.ts';

export interface DecodedFrame {
  readonly type: number;
  readonly channel: number;
  readonly flags: number;
  readonly stream: number;
  readonly payloadHex: string;
  message?: unknown;
  counters?: Readonly<Record<string, number>>;
  skipped?: true;
}

export interface Decoded {
  readonly frames: DecodedFrame[];
  error?: { readonly number: number; readonly name: string };
  /** How many chunks were decoded before the one that brought the error. */
  errorAtChunk?: number;
}

/** Decodes chunks as a connection would: frames, and what each one says by itself. */
export function decodeFrames(chunks: readonly Uint8Array[], maxFrameBytes = 1_048_576): Decoded {
  const decoder = new FrameDecoder(maxFrameBytes);
  const collector = new PayloadCollector();
  const decoded: Decoded = { frames: [] };
  for (const [index, chunk] of chunks.entries()) {
    try {
      decoder.decode(chunk, {
        onFrame: (header, piece, position) => {
          collector.append(piece);
          if (position + piece.length < header.length) return;
          const payload = collector.take();
          const { type, channel, flags, stream } = header;
          const frame = { type, channel, flags, stream, payloadHex: Buffer.from(payload).toString('hex') };
          decoded.frames.push({ ...frame, ...interpret(type, payload) });
        },
      });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      decoded.error = {
        number: error.wireError,
        name: codeOfWireError(error.wireError).slice('ERR_TCPCOMM_'.length),
      };
      decoded.errorAtChunk = index;
      break;
    }
  }
  return decoded;
}

/** Every way to cut the bytes in two, and byte by byte. */
export function* cuts(bytes: Uint8Array): Generator<Uint8Array[]> {
  for (let at = 0; at <= bytes.length; at += 1) yield [bytes.slice(0, at), bytes.slice(at)];
  yield Array.from(bytes, (byte) => Uint8Array.of(byte));
}

function interpret(type: number, payload: Uint8Array): Partial<DecodedFrame> {
  if (isControlFrameType(type)) return { message: decodeControlMessage(type, payload) };
  if (type === FrameType.ACK) return { counters: { receivedBytes: readCounter(payload, 0) } };
  if (type === FrameType.CREDIT) {
    return { counters: { limitBytes: readCounter(payload, 0), consumed: readCounter(payload, 8) } };
  }
  if (isKnownFrameType(type)) return {};
  if (isSkippableFrameType(type)) return { skipped: true };
  throw new ProtocolError(WireError.UNKNOWN_FRAME_TYPE, `unknown frame type ${type}`);
}
