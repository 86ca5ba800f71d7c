import { describe, expect, it } from 'vitest';
import { encodePreface, foreignAnswer, prefaceError, recognizePreface } from '../src/index.ts';

const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));

/** For each prefix of the text, from none of it to all, the kind of the verdict. */
function kindsAlong(text: string): string[] {
  const bytes = bytesOf(text);
  return Array.from({ length: bytes.length + 1 }, (_, length) => recognizePreface(bytes.subarray(0, length)).kind);
}

const incomplete = (times: number) => Array<string>(times).fill('incomplete');

it('the preface is TCPCOMM and version 1', () => {
  expect([...encodePreface()]).toEqual([0x54, 0x43, 0x50, 0x43, 0x4f, 0x4d, 0x4d, 0x01]);
});

describe('the verdict along the bytes as they come', () => {
  it.each([
    ['TCPCOMM\x01', [...incomplete(8), 'match']],
    ['TCPCOMM\x01\x00\x00', [...incomplete(8), 'match', 'match', 'match']],
    ['TCPCOMM\x02', [...incomplete(8), 'other-version']],
    ['TCPCOMN\x01', [...incomplete(7), 'unknown', 'unknown']],
    ['TRACE /', [...incomplete(4), 'http', 'http', 'http', 'http']],
    ['TRAP', [...incomplete(4), 'unknown']],
    ['TC', incomplete(3)],
    ['TE', [...incomplete(2), 'unknown']],
    ['GET /', [...incomplete(4), 'http', 'http']],
    ['GETS', [...incomplete(4), 'unknown']],
    ['PUT ', [...incomplete(4), 'http']],
    ['PATCH', [...incomplete(4), 'http', 'http']],
    ['POST', [...incomplete(4), 'http']],
    ['PRI *', [...incomplete(4), 'http', 'http']],
    ['PX', [...incomplete(2), 'unknown']],
    ['HEAD', [...incomplete(4), 'http']],
    ['HTTP/1.1', [...incomplete(4), ...Array<string>(5).fill('http')]],
    ['DELETE', [...incomplete(4), 'http', 'http', 'http']],
    ['OPTIONS', [...incomplete(4), ...Array<string>(4).fill('http')]],
    ['CONNECT', [...incomplete(4), ...Array<string>(4).fill('http')]],
    ['\x16\x03\x01', [...incomplete(2), 'tls', 'tls']],
    ['\x16\x02', [...incomplete(2), 'unknown']],
    ['\x00', ['incomplete', 'unknown']],
    ['get ', ['incomplete', ...Array<string>(4).fill('unknown')]],
  ])('%j', (text, kinds) => {
    expect(kindsAlong(text)).toEqual(kinds);
  });
});

it('every other version is named', () => {
  for (let version = 0; version <= 255; version += 1) {
    const bytes = Uint8Array.from([...bytesOf('TCPCOMM'), version]);
    expect(recognizePreface(bytes)).toEqual(version === 1 ? { kind: 'match' } : { kind: 'other-version', version });
  }
});

describe('the error', () => {
  it.each([
    ['TCPCOMM\x07', 'ERR_TCPCOMM_UNSUPPORTED_VERSION', 'got version 7'],
    ['GET / HTTP/1.1', 'ERR_TCPCOMM_PROTOCOL_ERROR', 'got what looks like HTTP'],
    ['\x16\x03\x01', 'ERR_TCPCOMM_PROTOCOL_ERROR', 'got what looks like a TLS handshake'],
    ['SSH-2.0-x', 'ERR_TCPCOMM_PROTOCOL_ERROR', 'got 53 53 48 2d 32 2e 30 2d'],
  ])('for %j says what was expected and what came', (text, code, got) => {
    const bytes = bytesOf(text);
    const error = prefaceError(recognizePreface(bytes), bytes);
    expect(error).toMatchObject({
      name: 'ProtocolError',
      code,
      message: `expected the preface "TCPCOMM" with version 1, ${got}`,
    });
  });
});

describe('the answer to somebody at the wrong door', () => {
  it('is a whole HTTP response', () => {
    const [head, body, ...rest] = Buffer.from(foreignAnswer({ kind: 'http' })!)
      .toString()
      .split('\r\n\r\n');
    expect(rest).toEqual([]);
    expect(head!.split('\r\n')).toEqual([
      'HTTP/1.1 400 Bad Request',
      'content-type: text/plain',
      `content-length: ${body!.length}`,
      'connection: close',
    ]);
    expect(body).toBe('This port speaks the TCPCOMM protocol, not HTTP.\n');
  });

  it('is a fatal TLS alert, unexpected_message', () => {
    expect([...foreignAnswer({ kind: 'tls' })!]).toEqual([0x15, 3, 1, 0, 2, 2, 10]);
  });

  it.each(['unknown', 'incomplete', 'match'] as const)('is none for %s', (kind) => {
    expect(foreignAnswer({ kind })).toBeUndefined();
  });

  it('is none for another version: the preface and REJECT are', () => {
    expect(foreignAnswer({ kind: 'other-version', version: 2 })).toBeUndefined();
  });
});
