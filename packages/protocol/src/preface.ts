import { ProtocolError } from './errors.ts';
import { WireError } from './wire-error.ts';

export const PROTOCOL_VERSION = 1;

const MAGIC = 'TCPCOMM';
export const PREFACE_BYTES = MAGIC.length + 1;

const PREFACE = Uint8Array.of(...asciiBytes(MAGIC), PROTOCOL_VERSION);

/** The eight bytes that each side sends first: `TCPCOMM` in ASCII and the version (docs/PROTOCOL.md §2). */
export function encodePreface(): Uint8Array<ArrayBuffer> {
  return PREFACE.slice();
}

/**
 * What the first bytes of a connection turn out to be. `incomplete` means that they agree with the
 * preface so far. Everything else is somebody at the wrong door, named so that the answer can be one
 * that they understand.
 */
export type PrefaceVerdict =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'match' }
  | { readonly kind: 'other-version'; readonly version: number }
  | { readonly kind: 'http' }
  | { readonly kind: 'tls' }
  | { readonly kind: 'unknown' };

const HTTP_STARTS = ['GET ', 'HEAD', 'POST', 'PUT ', 'DELE', 'OPTI', 'PATC', 'TRAC', 'CONN', 'PRI ', 'HTTP'];
/** A TLS record that holds a handshake begins 0x16 0x03 (RFC 8446 §5.1). */
const TLS_START = [0x16, 0x03];

/**
 * Judges the first bytes received; call again with more while `incomplete`. Only the first 8 bytes count.
 */
export function recognizePreface(bytes: Uint8Array): PrefaceVerdict {
  const seen = Math.min(bytes.length, MAGIC.length);
  const start = asciiText(bytes.subarray(0, seen));
  if (start === MAGIC.slice(0, seen)) {
    const version = bytes[MAGIC.length];
    if (version === undefined) return { kind: 'incomplete' };
    return version === PROTOCOL_VERSION ? { kind: 'match' } : { kind: 'other-version', version };
  }
  if (TLS_START.every((byte, index) => index >= bytes.length || bytes[index] === byte)) {
    return bytes.length < TLS_START.length ? { kind: 'incomplete' } : { kind: 'tls' };
  }
  const method = start.slice(0, 4);
  if (HTTP_STARTS.includes(method)) return { kind: 'http' };
  // A method of which only the first letters came may still turn out to be one.
  if (method.length < 4 && HTTP_STARTS.some((known) => known.startsWith(method))) return { kind: 'incomplete' };
  return { kind: 'unknown' };
}

/** The error for a verdict other than `match` and `incomplete`. */
export function prefaceError(verdict: PrefaceVerdict, firstBytes: Uint8Array): ProtocolError {
  const expected = `expected the preface "${MAGIC}" with version ${PROTOCOL_VERSION}`;
  switch (verdict.kind) {
    case 'other-version':
      return new ProtocolError(WireError.UNSUPPORTED_VERSION, `${expected}, got version ${verdict.version}`);
    case 'http':
      return new ProtocolError(WireError.PROTOCOL_ERROR, `${expected}, got what looks like HTTP`);
    case 'tls':
      return new ProtocolError(WireError.PROTOCOL_ERROR, `${expected}, got what looks like a TLS handshake`);
    default:
      return new ProtocolError(WireError.PROTOCOL_ERROR, `${expected}, got ${hexText(firstBytes)}`);
  }
}

/**
 * The farewell to somebody at the wrong door in their own tongue, or nothing where there is none:
 * an HTTP response, or a TLS alert "unexpected_message" (RFC 8446 §6).
 */
export function foreignAnswer(verdict: PrefaceVerdict): Uint8Array<ArrayBuffer> | undefined {
  if (verdict.kind === 'tls') return Uint8Array.of(0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x0a);
  if (verdict.kind !== 'http') return undefined;
  const body = 'This port speaks the TCPCOMM protocol, not HTTP.\n';
  const head = `HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
  return asciiBytes(head + body);
}

function asciiBytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function asciiText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function hexText(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, PREFACE_BYTES), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
