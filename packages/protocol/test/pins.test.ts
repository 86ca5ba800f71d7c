import { describe, expect, it } from 'vitest';
import * as protocol from '../src/index.ts';

// What other programs and other versions rely on. Literals, on purpose: a change here is a change for them.

it('the exports', () => {
  expect(Object.keys(protocol).sort()).toEqual([
    'ACK_PAYLOAD_BYTES',
    'CONTROL_CHANNEL',
    'COUNTER_BYTES',
    'CREDIT_PAYLOAD_BYTES',
    'ConnectionLostError',
    'ConnectionRejectedError',
    'DEFAULT_RECEIVE_LIMITS',
    'FILE_TO_CLIENT_CHANNEL',
    'FILE_TO_SERVER_CHANNEL',
    'FRAME_HEADER_BYTES',
    'FrameDecoder',
    'FrameType',
    'LimitError',
    'MAX_ANNOUNCED_BYTES',
    'MAX_CHANNEL',
    'MAX_CONTROL_FRAME_BYTES',
    'MAX_CREDENTIALS_LENGTH',
    'MAX_FRAME_LENGTH',
    'MAX_HANDSHAKE_FRAME_BYTES',
    'MAX_MACHINE_ID_LENGTH',
    'MAX_RECORD_BODY_BYTES',
    'MAX_RECORD_ENTRIES',
    'MAX_RECORD_HEADER_BYTES',
    'MAX_SESSION_KEY_LENGTH',
    'MAX_STANDING_TRANSFERS',
    'MIN_CHANNEL',
    'MIN_MAX_FRAME_BYTES',
    'MessageFlag',
    'NOTICE_CHANNEL',
    'PING_PAYLOAD_BYTES',
    'PREFACE_BYTES',
    'PROTOCOL_VERSION',
    'PayloadCollector',
    'PeerError',
    'ProtocolError',
    'RECORD_LENGTH_BYTES',
    'RESUME_FEATURE',
    'SessionClosedError',
    'TcpCommError',
    'TimeoutError',
    'TransferError',
    'UsageError',
    'WireError',
    'codeOfWireError',
    'decodeControlMessage',
    'decodeFolderRecord',
    'encodeControlMessage',
    'encodeFolderRecord',
    'encodeFrame',
    'encodePreface',
    'foreignAnswer',
    'frameTypeName',
    'isControlFrameType',
    'isKnownFrameType',
    'isSkippableFrameType',
    'prefaceError',
    'readCounter',
    'recognizePreface',
    'requireBoolean',
    'requireBytes',
    'requireChannel',
    'requireDurationMs',
    'requireFunction',
    'requireInteger',
    'requireNumber',
    'requireOneOf',
    'requireOptions',
    'requireRate',
    'requireSignal',
    'requireText',
    'requireUrl',
    'toSentence',
    'writeCounter',
    'writeFrameHeader',
  ]);
});

it('the limits', () => {
  const numbers = Object.fromEntries(Object.entries(protocol).filter(([, value]) => typeof value === 'number'));
  expect(numbers).toEqual({
    ACK_PAYLOAD_BYTES: 8,
    CONTROL_CHANNEL: 0,
    COUNTER_BYTES: 8,
    CREDIT_PAYLOAD_BYTES: 16,
    FILE_TO_CLIENT_CHANNEL: 253,
    FILE_TO_SERVER_CHANNEL: 252,
    FRAME_HEADER_BYTES: 8,
    MAX_ANNOUNCED_BYTES: 1_099_511_627_776,
    MAX_CHANNEL: 250,
    MAX_CONTROL_FRAME_BYTES: 65_536,
    MAX_CREDENTIALS_LENGTH: 8_192,
    MAX_FRAME_LENGTH: 16_777_215,
    MAX_HANDSHAKE_FRAME_BYTES: 32_768,
    MAX_MACHINE_ID_LENGTH: 256,
    MAX_RECORD_BODY_BYTES: 1_048_576,
    MAX_RECORD_ENTRIES: 1_000,
    MAX_RECORD_HEADER_BYTES: 65_536,
    MAX_SESSION_KEY_LENGTH: 128,
    MAX_STANDING_TRANSFERS: 64,
    MIN_CHANNEL: 1,
    MIN_MAX_FRAME_BYTES: 65_536,
    NOTICE_CHANNEL: 255,
    PING_PAYLOAD_BYTES: 8,
    PREFACE_BYTES: 8,
    PROTOCOL_VERSION: 1,
    RECORD_LENGTH_BYTES: 4,
  });
  expect(protocol.DEFAULT_RECEIVE_LIMITS).toEqual({
    maxFrameBytes: 1_048_576,
    maxMessageBytes: 67_108_864,
    channelWindowBytes: 1_048_576,
    transferWindowBytes: 4_194_304,
  });
});

it('the frame types, flags and features', () => {
  expect(protocol.FrameType).toEqual({
    MESSAGE: 0x01,
    FILE_DATA: 0x02,
    ACK: 0x03,
    CREDIT: 0x04,
    PING: 0x05,
    PONG: 0x06,
    HELLO: 0x10,
    WELCOME: 0x11,
    REJECT: 0x12,
    SETTINGS: 0x13,
    GOAWAY: 0x14,
    ERROR: 0x15,
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
  });
  expect(protocol.MessageFlag).toEqual({ FIN: 1, CONFIRM: 2 });
  expect(protocol.RESUME_FEATURE).toBe('resume');
});

describe('the wire errors', () => {
  const codes = {
    0: 'ERR_TCPCOMM_CLOSED',
    1: 'ERR_TCPCOMM_PROTOCOL_ERROR',
    2: 'ERR_TCPCOMM_UNSUPPORTED_VERSION',
    3: 'ERR_TCPCOMM_FRAME_TOO_LARGE',
    4: 'ERR_TCPCOMM_UNKNOWN_FRAME_TYPE',
    5: 'ERR_TCPCOMM_INVALID_CHANNEL',
    6: 'ERR_TCPCOMM_FLOW_CONTROL',
    7: 'ERR_TCPCOMM_INVALID_CONTROL_MESSAGE',
    8: 'ERR_TCPCOMM_UNEXPECTED_FRAME',
    9: 'ERR_TCPCOMM_MESSAGE_TOO_LARGE',
    10: 'ERR_TCPCOMM_INVALID_ACKNOWLEDGEMENT',
    11: 'ERR_TCPCOMM_INVALID_TRANSFER',
    12: 'ERR_TCPCOMM_HANDSHAKE_TIMEOUT',
    13: 'ERR_TCPCOMM_KEEPALIVE_TIMEOUT',
    14: 'ERR_TCPCOMM_INTERNAL_ERROR',
    15: 'ERR_TCPCOMM_CONTROL_FLOOD',
    16: 'ERR_TCPCOMM_WRITE_STALLED',
    17: 'ERR_TCPCOMM_TAKEN_OVER',
    18: 'ERR_TCPCOMM_DESTROYED',
    32: 'ERR_TCPCOMM_MACHINE_ID_BLANK',
    33: 'ERR_TCPCOMM_MACHINE_ID_TAKEN',
    34: 'ERR_TCPCOMM_SERVER_FULL',
    35: 'ERR_TCPCOMM_SERVER_STOPPED',
    36: 'ERR_TCPCOMM_DISCONNECTED_BY_SERVER',
    37: 'ERR_TCPCOMM_MACHINE_ID_INVALID',
    38: 'ERR_TCPCOMM_NOT_AUTHORIZED',
    39: 'ERR_TCPCOMM_SERVER_BUSY',
    64: 'ERR_TCPCOMM_FILES_NOT_OFFERED',
    65: 'ERR_TCPCOMM_FILE_NOT_FOUND',
    66: 'ERR_TCPCOMM_NOT_A_FILE',
    67: 'ERR_TCPCOMM_FILE_ACCESS_DENIED',
    68: 'ERR_TCPCOMM_INVALID_FILE_NAME',
    69: 'ERR_TCPCOMM_PATH_OUTSIDE_ROOT',
    70: 'ERR_TCPCOMM_FILE_EXISTS',
    71: 'ERR_TCPCOMM_FILE_BUSY',
    72: 'ERR_TCPCOMM_DISK_FULL',
    73: 'ERR_TCPCOMM_FILE_IO_ERROR',
    74: 'ERR_TCPCOMM_SOURCE_CHANGED',
    75: 'ERR_TCPCOMM_INTEGRITY_MISMATCH',
    76: 'ERR_TCPCOMM_TRANSFER_CANCELLED',
    77: 'ERR_TCPCOMM_TOO_MANY_TRANSFERS',
    78: 'ERR_TCPCOMM_FOLDER_TOO_LARGE',
  };

  it('have these numbers and codes', () => {
    const numbers = Object.values(protocol.WireError);
    expect(Object.fromEntries(numbers.map((number) => [number, protocol.codeOfWireError(number)]))).toEqual(codes);
    for (const [name, number] of Object.entries(protocol.WireError)) {
      expect(protocol.codeOfWireError(number)).toBe(`ERR_TCPCOMM_${name}`);
    }
  });

  it('of a later version have a code too', () => {
    for (const number of [19, 31, 40, 63, 79, 65_535, -1])
      expect(protocol.codeOfWireError(number)).toBe('ERR_TCPCOMM_UNKNOWN');
  });
});
