import { encodeFrame, FrameDecoder, FrameType, MessageFlag, type ReceiveLimits, WireError } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AssemblyBudget } from '../../../src/engine/receiving/assembly-budget.ts';
import { IncomingChannel } from '../../../src/engine/receiving/incoming-channel.ts';
import { SMALL_LIMITS } from '../engine-options.ts';
import { errorOf } from '../error-of.ts';
import { messageFrame } from '../frames.ts';

const { FIN, CONFIRM } = MessageFlag;
const WINDOW_BYTES = 65_536;

/** A channel and a sender that knows what it has been granted. */
class Receiving {
  readonly channel: IncomingChannel;
  readonly messages: Uint8Array[] = [];
  /** Of each message, whether it lies where it was received. */
  readonly areViews: boolean[] = [];
  /** What the messages cost that are not consumed yet. */
  readonly unconsumed: number[] = [];
  isCreditDue = false;
  /** How far the sender has been told that it may send. */
  limitBytes = WINDOW_BYTES;
  sentBytes = 0;
  readonly #decoder = new FrameDecoder(1_000_000);
  /** What every piece is read into. */
  readonly #memory = new Uint8Array(1_000_000);

  constructor(limits: Partial<ReceiveLimits> = {}, budget = new AssemblyBudget(1_000_000), number = 5) {
    const host = {
      handleMessage: (_channel: number, bytes: Uint8Array, creditBytes: number, isView: boolean) => {
        this.messages.push(bytes.slice());
        this.areViews.push(isView);
        expect(isView).toBe(bytes.buffer === this.#memory.buffer);
        this.unconsumed.push(creditBytes);
      },
      keepReceived: () => {
        throw new Error('nothing was lent');
      },
      handleCreditDue: () => {
        this.isCreditDue = true;
      },
    };
    this.channel = new IncomingChannel(number, host, { ...SMALL_LIMITS, ...limits }, budget, (bytes) => {
      return new Uint8Array(bytes).fill(0xaa);
    });
  }

  /** Takes the credit as the engine would when it writes. */
  takeCredit(): void {
    if (!this.isCreditDue) return;
    this.isCreditDue = false;
    this.limitBytes = this.channel.takeLimit();
  }

  /** @param isDirect reads what follows the first piece of a frame to where the channel wants it, not to the memory that is used again */
  receive(frame: Uint8Array, pieceBytes = Infinity, isDirect = false): void {
    this.sentBytes += frame.length;
    for (let at = 0; at < frame.length;) {
      const isWithin = this.#decoder.currentFrame !== undefined;
      const direct = isDirect && isWithin ? this.channel.roomFor(this.#decoder.missingBytes, Infinity) : undefined;
      const room = direct ?? this.#memory;
      const read = frame.subarray(at, at + Math.min(pieceBytes, room.length));
      room.set(read);
      this.#decoder.decode(room.subarray(0, read.length), {
        onFrame: (header, piece, position) => {
          this.channel.handlePiece(header, piece, position);
        },
      });
      this.#memory.fill(0x55, 0, read.length);
      at += read.length;
    }
  }

  consume(): void {
    const creditBytes = this.unconsumed.shift();
    if (creditBytes !== undefined) this.channel.handleConsumed(creditBytes);
  }

  /** Sends as much of a large message as the credit allows, and returns what is left of it. */
  sendWhatFits(rest: Uint8Array, frameBytes = 16_384): Uint8Array {
    let at = 0;
    while (at < rest.length) {
      const size = Math.min(frameBytes, rest.length - at);
      if (this.sentBytes + 8 + size > this.limitBytes) break;
      const flags = at + size === rest.length ? FIN : 0;
      this.receive(messageFrame(5, rest.subarray(at, at + size), flags));
      at += size;
      this.takeCredit();
    }
    return rest.subarray(at);
  }
}

describe('fragments', () => {
  it('become whole messages, however they are cut', () => {
    const cuts = fc.record({
      messages: fc.array(fc.array(fc.nat(9000), { minLength: 1, maxLength: 4 }), { maxLength: 6 }),
      pieceBytes: fc.integer({ min: 1, max: 5000 }),
      isDirect: fc.boolean(),
    });
    fc.assert(
      fc.property(cuts, ({ messages, pieceBytes, isDirect }) => {
        const receiving = new Receiving();
        const expected: Buffer[] = [];
        for (const fragments of messages) {
          const parts = fragments.map((size, index) =>
            testBytes(index < fragments.length - 1 ? size + 1 : size, size + 1),
          );
          expected.push(Buffer.concat(parts));
          for (const [index, part] of parts.entries()) {
            receiving.receive(messageFrame(5, part, index === parts.length - 1 ? FIN : 0), pieceBytes, isDirect);
            receiving.takeCredit();
          }
          receiving.consume();
          receiving.takeCredit();
        }
        expect(receiving.messages.map((message) => Buffer.from(message).toString('hex'))).toEqual(
          expected.map((message) => message.toString('hex')),
        );
        expect(receiving.channel.receivedMessages).toBe(messages.length);
      }),
      { numRuns: 60 },
    );
  });

  it('that come whole are handed over without a copy', () => {
    const handed: unknown[] = [];
    const host = {
      handleMessage: (_channel: number, bytes: Uint8Array, _creditBytes: number, isView: boolean) => {
        handed.push(bytes, isView);
      },
      keepReceived: () => {},
      handleCreditDue: () => {},
    };
    const channel = new IncomingChannel(5, host, SMALL_LIMITS, new AssemblyBudget(0), () => {
      throw new Error('no memory is needed');
    });
    const payload = testBytes(100);
    channel.handlePiece({ length: 100, type: FrameType.MESSAGE, channel: 5, flags: FIN, stream: 0 }, payload, 0);
    expect(handed).toEqual([payload, true]);
    expect(handed[0]).toBe(payload);
  });

  it('that come in pieces have memory of their own, and say so', () => {
    const receiving = new Receiving();
    receiving.receive(messageFrame(5, testBytes(100)));
    receiving.receive(messageFrame(5, testBytes(100)), 107);
    receiving.receive(messageFrame(5, testBytes(60), 0));
    receiving.receive(messageFrame(5, testBytes(40)));
    receiving.receive(messageFrame(5, testBytes(0)));
    expect(receiving.areViews).toEqual([true, false, false, true]);
    expect(receiving.channel.receivedFrameBytes).toBe(108 + 108 + 68 + 48 + 8);
  });

  it('have room for the next bytes when some have come, and none before or after', () => {
    const receiving = new Receiving();
    expect(receiving.channel.roomFor(100, 100)).toBeUndefined();
    receiving.receive(messageFrame(5, testBytes(60), 0));
    expect(receiving.channel.roomFor(40, 100)).toHaveLength(40);
    expect(receiving.channel.roomFor(40, 7)).toHaveLength(7);
    receiving.receive(messageFrame(5, testBytes(40)));
    expect(receiving.messages[0]).toHaveLength(100);
    expect(receiving.channel.roomFor(100, 100)).toBeUndefined();
  });

  it('without a byte are refused, unless they end a message', () => {
    const receiving = new Receiving();
    receiving.receive(messageFrame(5, new Uint8Array(0), FIN));
    receiving.receive(messageFrame(5, testBytes(5), 0));
    receiving.receive(messageFrame(5, new Uint8Array(0), FIN));
    expect(receiving.messages).toEqual([new Uint8Array(0), testBytes(5)]);
    expect(errorOf(() => receiving.receive(messageFrame(5, new Uint8Array(0), 0)))).toMatchObject({
      wireError: WireError.PROTOCOL_ERROR,
      message: 'empty fragment on channel 5, expected at least 1 byte',
    });
  });

  it('of more than maxMessageBytes together are refused as soon as the header says so', () => {
    const receiving = new Receiving({ maxMessageBytes: 100 });
    receiving.receive(messageFrame(5, testBytes(100)));
    receiving.receive(messageFrame(5, testBytes(60), 0));
    const header = { length: 41, type: FrameType.MESSAGE, channel: 5, flags: FIN, stream: 0 };
    expect(errorOf(() => receiving.channel.handlePiece(header, testBytes(1), 0))).toMatchObject({
      wireError: WireError.MESSAGE_TOO_LARGE,
      message: 'message of at least 101 bytes on channel 5 exceeds maxMessageBytes 100',
    });
  });
});

describe('credit', () => {
  it('is the window: a frame beyond it is refused, one that ends with it is not', () => {
    const receiving = new Receiving();
    receiving.receive(messageFrame(5, testBytes(WINDOW_BYTES - 16)));
    receiving.receive(messageFrame(5));
    expect(errorOf(() => receiving.receive(messageFrame(5)))).toMatchObject({
      wireError: WireError.FLOW_CONTROL,
      message: 'frame up to byte 65544 of channel 5 exceeds the credit of 65536',
    });
  });

  it('that has been earned and not been told does not count', () => {
    const receiving = new Receiving();
    receiving.receive(messageFrame(5, testBytes(WINDOW_BYTES - 8)));
    receiving.consume();
    expect(errorOf(() => receiving.receive(messageFrame(5)))).toMatchObject({ wireError: WireError.FLOW_CONTROL });
  });

  it('comes back when messages are consumed, told by half windows', () => {
    const receiving = new Receiving();
    for (let count = 0; count < 4; count += 1) receiving.receive(messageFrame(5, testBytes(16_376)));
    receiving.consume();
    expect(receiving.isCreditDue).toBe(false);
    receiving.consume();
    expect(receiving.isCreditDue).toBe(true);
    expect(receiving.channel.takeLimit()).toBe(WINDOW_BYTES + 32_768);
    expect(receiving.channel.consumedCount).toBe(2);
  });

  it('is told at once for each message that asks for confirmation, and for no other', () => {
    const receiving = new Receiving();
    const due: boolean[] = [];
    for (const flags of [CONFIRM, 0, CONFIRM, 0]) receiving.receive(messageFrame(5, testBytes(1), FIN | flags));
    for (let count = 0; count < 4; count += 1) {
      receiving.consume();
      due.push(receiving.isCreditDue);
      receiving.takeCredit();
    }
    expect(due).toEqual([true, false, true, false]);
  });

  it('asked for by CONFIRM on a fragment without FIN is not due', () => {
    const receiving = new Receiving();
    receiving.receive(encodeFrame(FrameType.MESSAGE, 5, CONFIRM, 0, testBytes(1)));
    receiving.receive(messageFrame(5, testBytes(1)));
    receiving.consume();
    expect(receiving.isCreditDue).toBe(false);
  });
});

describe('a message larger than the window', () => {
  it('arrives though nothing is consumed before it is whole', () => {
    const receiving = new Receiving();
    const message = testBytes(900_000);
    expect(receiving.sendWhatFits(message)).toHaveLength(0);
    expect(Buffer.from(receiving.messages[0]!).equals(message)).toBe(true);
  });

  it('leaves the window as it was: behind it there is room for one window until it is consumed', () => {
    const receiving = new Receiving();
    receiving.sendWhatFits(testBytes(900_000));
    expect(receiving.limitBytes - receiving.sentBytes).toBeLessThanOrEqual(WINDOW_BYTES);
    receiving.consume();
    receiving.takeCredit();
    expect(receiving.limitBytes - receiving.sentBytes).toBeGreaterThan(WINDOW_BYTES / 2);
  });

  it('waits behind messages that fill the window, and goes on when they are consumed', () => {
    const receiving = new Receiving();
    receiving.receive(messageFrame(5, testBytes(60_000)));
    const rest = receiving.sendWhatFits(testBytes(900_000), 1000);
    expect(rest.length).toBeGreaterThan(800_000);
    receiving.consume();
    receiving.takeCredit();
    expect(receiving.sendWhatFits(rest, 1000)).toHaveLength(0);
  });

  it('goes on when the one before it, whose room it has used up, is consumed', () => {
    const receiving = new Receiving();
    receiving.sendWhatFits(testBytes(2 * WINDOW_BYTES));
    const rest = receiving.sendWhatFits(testBytes(3 * WINDOW_BYTES));
    expect(receiving.messages).toHaveLength(1);
    receiving.consume();
    receiving.takeCredit();
    expect(receiving.sendWhatFits(rest)).toHaveLength(0);
  });
});

describe('many messages larger than their windows', () => {
  const createAll = (count: number, limitBytes: number) => {
    const budget = new AssemblyBudget(limitBytes);
    return Array.from({ length: count }, (_, index) => new Receiving({}, budget, index + 1));
  };

  it('hold no more than the budget, a message, and their windows', () => {
    const all = createAll(10, 300_000);
    const rests = all.map((receiving) => receiving.sendWhatFits(testBytes(900_000)));
    const held = rests.map((rest) => 900_000 - rest.length);
    expect(held[0]).toBe(900_000);
    expect(held.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(900_000 + 300_000 + 10 * WINDOW_BYTES);
  });

  it('all arrive, one after another, when each is consumed', () => {
    const all = createAll(10, 100_000);
    let rests: Uint8Array[] = all.map(() => testBytes(500_000));
    for (let round = 0; round < 40; round += 1) {
      rests = all.map((receiving, index) => {
        receiving.takeCredit();
        const rest = receiving.sendWhatFits(rests[index]!);
        receiving.consume();
        return rest;
      });
    }
    expect(all.map(({ messages }) => messages.length)).toEqual(all.map(() => 1));
  });

  it('go on behind one that was refused more room, and then fitted into its window', () => {
    const [first, second, third] = createAll(3, 100_000) as [Receiving, Receiving, Receiving];
    first.sendWhatFits(testBytes(400_000));
    // Asks for more when its first fragment is there, is refused, and then is whole all the same.
    second.receive(messageFrame(5, testBytes(10_000), 0));
    second.receive(messageFrame(5, testBytes(10), FIN));
    first.consume();
    expect(third.sendWhatFits(testBytes(400_000))).toHaveLength(0);
  });

  it('go on when the one before them in line turns out to fit', () => {
    const [first, second, third] = createAll(3, 100_000) as [Receiving, Receiving, Receiving];
    first.sendWhatFits(testBytes(400_000));
    second.receive(messageFrame(5, testBytes(10_000), 0));
    const rest = third.sendWhatFits(testBytes(400_000));
    expect(rest.length).toBeGreaterThan(300_000);
    first.consume();
    second.receive(messageFrame(5, testBytes(10), FIN));
    second.consume();
    third.takeCredit();
    expect(third.sendWhatFits(rest)).toHaveLength(0);
  });
});

it('limit and consumption only ever grow, and the sender always may send half a window when all is consumed', () => {
  const step = fc.record({ bytes: fc.nat(40_000), flags: fc.constantFrom(FIN, FIN, 0), consume: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const receiving = new Receiving({ maxMessageBytes: 10_000_000 });
      let limitBytes = 0;
      for (const { bytes, flags, consume } of steps) {
        if (receiving.sentBytes + bytes + 9 <= receiving.limitBytes) {
          receiving.receive(messageFrame(5, testBytes(bytes + 1), flags));
        }
        for (let count = 0; count < consume; count += 1) receiving.consume();
        receiving.takeCredit();
        expect(receiving.limitBytes).toBeGreaterThanOrEqual(limitBytes);
        ({ limitBytes } = receiving);
      }
      while (receiving.unconsumed.length > 0) receiving.consume();
      receiving.takeCredit();
      expect(receiving.limitBytes - receiving.sentBytes).toBeGreaterThanOrEqual(WINDOW_BYTES / 2);
    }),
  );
});

describe('messages that are lent', () => {
  /** Takes every message as it is handed over, and consumes the oldest when it is told to. */
  class Borrower {
    readonly held: Uint8Array[] = [];
    readonly channel: IncomingChannel;
    keptTimes = 0;
    consumesAtOnce = false;
    readonly #unconsumed: number[] = [];

    constructor() {
      const host = {
        handleMessage: (_channel: number, bytes: Uint8Array, creditBytes: number, isView: boolean) => {
          expect(isView).toBe(false);
          this.held.push(bytes);
          this.#unconsumed.push(creditBytes);
          if (this.consumesAtOnce) this.consume();
        },
        keepReceived: () => {
          this.keptTimes += 1;
        },
        handleCreditDue: () => undefined,
      };
      const limits = { ...SMALL_LIMITS, channelWindowBytes: 1_000_000 };
      this.channel = new IncomingChannel(5, host, limits, new AssemblyBudget(0), (bytes) => new Uint8Array(bytes));
      this.channel.lendsMessages = true;
    }

    receive(frame: Uint8Array, ...cuts: number[]): void {
      const decoder = this.#decoder;
      const handle = { onFrame: this.channel.handlePiece.bind(this.channel) };
      let at = 0;
      for (const cut of [...cuts, frame.length]) {
        decoder.decode(frame.subarray(at, cut), handle);
        at = cut;
      }
    }

    consume(): void {
      this.channel.handleConsumed(this.#unconsumed.shift()!);
    }

    readonly #decoder = new FrameDecoder(1_000_000);
  }

  it('keep what was received only when they lie in it and are not consumed at once', () => {
    const borrower = new Borrower();
    borrower.consumesAtOnce = true;
    borrower.receive(messageFrame(5, testBytes(100)));
    expect(borrower.keptTimes).toBe(0);
    borrower.consumesAtOnce = false;
    borrower.receive(messageFrame(5, testBytes(100)));
    expect(borrower.keptTimes).toBe(1);
    borrower.receive(messageFrame(5, testBytes(100)), 50);
    expect(borrower.keptTimes).toBe(1);
  });

  it('lie in the same memory one after another where they came in pieces, and stay as they are until they are consumed', () => {
    const borrower = new Borrower();
    for (const seed of [1, 2, 3]) {
      borrower.receive(messageFrame(5, testBytes(1000, seed)), 500);
      if (seed === 2) borrower.consume();
    }
    const [first, second, third] = borrower.held;
    expect(second!.buffer).not.toBe(first!.buffer);
    expect(third!.buffer).toBe(first!.buffer);
    expect(Buffer.compare(second!, testBytes(1000, 2))).toBe(0);
    expect(Buffer.compare(third!, testBytes(1000, 3))).toBe(0);
  });

  it('are not copied for being smaller than the memory that they were lent', () => {
    const borrower = new Borrower();
    borrower.consumesAtOnce = true;
    borrower.receive(messageFrame(5, testBytes(50_000, 1)), 500);
    borrower.receive(messageFrame(5, testBytes(100, 2)), 50);
    expect(borrower.held[1]!.buffer).toBe(borrower.held[0]!.buffer);
    expect(Buffer.compare(borrower.held[1]!, testBytes(100, 2))).toBe(0);
  });
});

describe('memory for a message in fragments', () => {
  const allocationsFor = (sizes: readonly number[], limits: Partial<ReceiveLimits> = {}) => {
    const allocations: number[] = [];
    const host = {
      handleMessage: (_channel: number, _bytes: Uint8Array, creditBytes: number) => {
        channel.handleConsumed(creditBytes);
      },
      keepReceived: () => undefined,
      handleCreditDue: () => {
        channel.takeLimit();
      },
    };
    const budget = new AssemblyBudget(10_000_000);
    const channel = new IncomingChannel(5, host, { ...SMALL_LIMITS, ...limits }, budget, (bytes) => {
      allocations.push(bytes);
      return new Uint8Array(bytes);
    });
    const decoder = new FrameDecoder(1_000_000);
    for (const size of sizes) {
      for (let at = 0; at < size; at += 4096) {
        const fragment = testBytes(Math.min(4096, size - at));
        decoder.decode(messageFrame(5, fragment, at + 4096 < size ? 0 : FIN), {
          onFrame: channel.handlePiece.bind(channel),
        });
      }
      allocations.push(-1);
    }
    return allocations;
  };

  it('is allocated once where the one before was as large', () => {
    const [, afterFirst] = splitAt(allocationsFor([60_000, 60_000, 60_000]));
    expect(afterFirst).toEqual([60_000, -1, 60_000, -1]);
  });

  it('is allocated on the strength of the one before up to the window only: more is given as it comes', () => {
    const [, afterFirst] = splitAt(allocationsFor([400_000, 400_000], { channelWindowBytes: 65_536 }));
    expect(afterFirst[0]).toBe(65_536);
  });

  /** The allocations for the first message, and those after it. */
  function splitAt(allocations: readonly number[]): [number[], number[]] {
    const end = allocations.indexOf(-1) + 1;
    return [allocations.slice(0, end), allocations.slice(end)];
  }
});
