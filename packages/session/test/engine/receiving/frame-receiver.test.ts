import {
  MessageFlag,
  type ControlFrameType,
  type FrameHeader,
  FrameType,
  ProtocolError,
  WireError,
} from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { type FrameHandler, FrameReceiver } from '../../../src/engine/receiving/frame-receiver.ts';
import { errorOf } from '../error-of.ts';
import {
  ackFrame,
  controlFrame,
  creditFrame,
  fileDataFrame,
  goodbyeFrame,
  headerOf,
  joinBytes,
  messageFrame,
  pingFrame,
  pongFrame,
} from '../frames.ts';
import { hashOf } from '../memory-files.ts';

/** Notes what it is told; the pieces of a payload count as one, since where they are cut is the network's affair. */
class Notes implements FrameHandler {
  readonly lines: string[] = [];
  receivedBytes = 0;
  readonly room = new Uint8Array(7);
  #payload: Uint8Array[] = [];

  handleReceipt(bytes: number): void {
    this.receivedBytes += bytes;
  }

  handleMessagePiece(header: FrameHeader, piece: Uint8Array, position: number): void {
    this.#handlePiece(`message on ${header.channel}`, header, piece, position);
  }

  roomForMessage(channel: number, missingBytes: number, maxBytes: number): Uint8Array<ArrayBuffer> {
    this.lines.push(`room for ${missingBytes} on ${channel}, ${maxBytes} at most`);
    return this.room;
  }

  handleFilePiece(header: FrameHeader, piece: Uint8Array, position: number): void {
    this.#handlePiece(`file bytes of ${header.stream}`, header, piece, position);
  }

  handleAck(receivedBytes: number): void {
    this.lines.push(`ack ${receivedBytes}`);
  }

  handleCredit(...numbers: number[]): void {
    this.lines.push(`credit ${numbers.join(' ')}`);
  }

  handlePing(payload: Uint8Array): void {
    this.lines.push(`ping ${payload.join(' ')}`);
  }

  handleControl(type: ControlFrameType, stream: number, message: unknown): void {
    this.lines.push(`control ${type} ${stream} ${JSON.stringify(message)}`);
  }

  #handlePiece(what: string, header: FrameHeader, piece: Uint8Array, position: number): void {
    expect(position).toBe(this.#payload.reduce((sum, { length }) => sum + length, 0));
    this.#payload.push(piece.slice());
    if (position + piece.length < header.length) return;
    this.lines.push(`${what}: ${joinBytes(...this.#payload).join(' ')}`);
    this.#payload = [];
  }
}

const end = controlFrame(FrameType.FILE_END, { hash: hashOf(testBytes(1)) }, 3);
const conversation = joinBytes(
  messageFrame(5, testBytes(10)),
  messageFrame(6),
  ackFrame(5000),
  creditFrame(7, 100_000, 3),
  creditFrame(252, 100_000, 12, 3),
  pingFrame(testBytes(8)),
  pongFrame(testBytes(8)),
  headerOf(0x80, 0),
  messageFrame(5, testBytes(3)).fill(0x99, 3, 4),
  fileDataFrame(253, 3, testBytes(20)),
  end,
  controlFrame(FrameType.SETTINGS, { blockSizeBytes: 100, bytesPerSecond: null }),
  goodbyeFrame({ '1': 2 }),
);
const expectedLines = [
  `message on 5: ${testBytes(10).join(' ')}`,
  'message on 6: ',
  'ack 5000',
  'credit 7 0 100000 3',
  'credit 252 3 100000 12',
  `ping ${testBytes(8).join(' ')}`,
  `file bytes of 3: ${testBytes(20).join(' ')}`,
  `control 35 3 {"hash":"${hashOf(testBytes(1))}"}`,
  'control 19 0 {"blockSizeBytes":100,"bytesPerSecond":null}',
  'control 20 0 {"code":0,"message":"bye","received":{"1":2}}',
];

describe('a stream of frames', () => {
  it('means the same wherever it is cut', () => {
    for (let at = 0; at <= conversation.length; at += 1) {
      const notes = new Notes();
      const receiver = new FrameReceiver('client', 65_536, notes);
      receiver.receive(conversation.subarray(0, at));
      receiver.receive(conversation.subarray(at));
      expect(notes.lines).toEqual(expectedLines);
      // MESSAGE, FILE_DATA and FILE_END, headers included.
      expect(notes.receivedBytes).toBe(18 + 8 + 28 + end.length);
    }
  });

  it('means the same byte by byte', () => {
    const notes = new Notes();
    const receiver = new FrameReceiver('client', 65_536, notes);
    for (const byte of conversation) receiver.receive(Uint8Array.of(byte));
    expect(notes.lines).toEqual(expectedLines);
  });

  it('counts a part of a frame as received as soon as it is there', () => {
    const notes = new Notes();
    const receiver = new FrameReceiver('client', 65_536, notes);
    receiver.receive(messageFrame(1, testBytes(100)).subarray(0, 50));
    expect(notes.receivedBytes).toBe(50);
  });

  it('is not looked at any more once stopped', () => {
    const notes = new Notes();
    const receiver = new FrameReceiver('client', 65_536, notes);
    receiver.receive(ackFrame(1).subarray(0, 10));
    receiver.stop();
    receiver.receive(joinBytes(ackFrame(1).subarray(10), ackFrame(2)));
    expect(notes.lines).toEqual([]);
  });
});

describe('room for the next bytes', () => {
  const large = messageFrame(7, testBytes(40_000), MessageFlag.FIN);
  const fragment = messageFrame(7, testBytes(40_000), 0);
  const roomAfter = (...chunks: Uint8Array[]) => {
    const notes = new Notes();
    notes.handleMessagePiece = () => undefined;
    notes.handleFilePiece = () => undefined;
    const receiver = new FrameReceiver('client', 65_536, notes);
    for (const chunk of chunks) receiver.receive(chunk);
    const isThere = receiver.roomForNext(9) === notes.room;
    return [isThere, ...notes.lines];
  };

  it('is where the channel wants it, in the middle of a message of which 32 KiB and more are missing', () => {
    expect(roomAfter(large.subarray(0, 8))).toEqual([true, 'room for 40000 on 7, 9 at most']);
    expect(roomAfter(pingFrame(), large.subarray(0, 7240))).toEqual([
      true,
      'ping 0 0 0 0 0 0 0 0',
      'room for 32768 on 7, 9 at most',
    ]);
  });

  it('has the header of the next frame too, where the message goes on', () => {
    expect(roomAfter(fragment.subarray(0, 8))).toEqual([true, 'room for 40008 on 7, 9 at most']);
    expect(roomAfter(fragment.subarray(0, 7240))).toEqual([true, 'room for 32776 on 7, 9 at most']);
    expect(roomAfter(fragment)).toEqual([false]);
  });

  it('is none where less is missing, between frames, within a header and within anything else', () => {
    expect(roomAfter()).toEqual([false]);
    expect(roomAfter(large.subarray(0, 7241))).toEqual([false]);
    expect(roomAfter(large.subarray(0, 7))).toEqual([false]);
    expect(roomAfter(large)).toEqual([false]);
    expect(roomAfter(fileDataFrame(253, 1, testBytes(50_000)).subarray(0, 100))).toEqual([false]);
  });
});

it('a fault of the handler becomes INTERNAL_ERROR with the fault as its cause; a ProtocolError stays what it is', () => {
  const notes = new Notes();
  const receiver = new FrameReceiver('client', 65_536, notes);
  const fault = new TypeError('undefined is not a function');
  notes.handleAck = () => {
    throw fault;
  };
  const error = errorOf(() => {
    receiver.receive(ackFrame(1));
  });
  expect(error).toBeInstanceOf(ProtocolError);
  expect(error).toMatchObject({ wireError: WireError.INTERNAL_ERROR, cause: fault });
  const violation = new ProtocolError(WireError.FLOW_CONTROL, 'too much');
  notes.handlePing = () => {
    throw violation;
  };
  expect(
    errorOf(() => {
      new FrameReceiver('client', 65_536, notes).receive(pingFrame());
    }),
  ).toBe(violation);
});
