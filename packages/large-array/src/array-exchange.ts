import { Answers } from './answers.ts';
import type { ArrayInbox } from './array-inbox.ts';
import {
  type ArrayFailure,
  type ArrayLimits,
  decodeFailure,
  decodeLimits,
  HEADER_BYTES,
  MessageKind,
  readId,
} from './array-messages.ts';
import type { ArrayNumbers } from './array-numbers.ts';
import type { ArrayPort, ArrayReceiver } from './array-port.ts';
import { type ArrayTransferError, invalid } from './errors.ts';
import { IncomingArrays, type IncomingObserver } from './incoming-arrays.ts';
import { OutgoingArrays } from './outgoing-arrays.ts';

/** Both directions of a port: sees to it that what comes gets to the arrays that it is about. */
export class ArrayExchange implements ArrayReceiver {
  readonly incoming: IncomingArrays;
  readonly outgoing: OutgoingArrays;
  readonly #answers: Answers;
  readonly #inbox: ArrayInbox;
  #isOver = false;
  #stopReceiving: (() => void) | undefined;

  constructor(
    port: ArrayPort,
    numbers: ArrayNumbers,
    limits: ArrayLimits,
    inbox: ArrayInbox,
    observer: IncomingObserver,
  ) {
    this.#answers = new Answers(port, limits.maxArrays);
    this.#inbox = inbox;
    this.incoming = new IncomingArrays(limits, this.#answers, inbox, observer);
    this.outgoing = new OutgoingArrays(port, this.#answers, numbers);
    this.#stopReceiving = port.receive(this);
    if (this.#isOver) this.#stop();
    else this.incoming.sayLimits();
  }

  handleMessage(bytes: Uint8Array): void {
    try {
      if (this.incoming.awaitsPiece) this.incoming.handlePiece(bytes);
      else if (!this.#isOver) this.#handle(bytes);
    } catch (error) {
      this.incoming.tellFailure(error as ArrayTransferError);
    }
    if (this.#isOver) this.#stop();
  }

  handleReset(reason: Error): void {
    if (this.#isOver) {
      this.#stop();
      return;
    }
    this.#answers.reset();
    this.outgoing.reset(reason);
    this.incoming.reset(reason);
    this.incoming.sayLimits();
  }

  handleEnd(reason: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#answers.end();
    this.outgoing.end(reason);
    this.incoming.reset(reason);
    this.#inbox.end();
    this.#stop();
  }

  /** Ends it from this side; also what waits in the inbox after the end of the port is dropped. */
  close(reason: ArrayTransferError): void {
    this.#isOver = true;
    this.outgoing.close(reason);
    this.incoming.close(reason);
    this.#answers.end();
    this.#inbox.end();
    // A piece that is about to come belongs to the message before it. Whoever receives next would not know.
    if (!this.incoming.awaitsPiece) this.#stop();
  }

  /** @throws ArrayTransferError ARRAY_INVALID for a message that no peer should send */
  #handle(bytes: Uint8Array): void {
    if (bytes.length < HEADER_BYTES)
      throw invalid(`message of ${bytes.length} bytes, at least ${HEADER_BYTES} are needed`);
    const kind = bytes[0]!;
    const id = readId(bytes);
    if (kind !== MessageKind.LIMITS && (id === 0 || !Number.isSafeInteger(id))) {
      throw invalid(`array with the number ${id}, it must be from 1 to 2^53 - 1`);
    }
    switch (kind) {
      case MessageKind.LIMITS: {
        const limits = decodeLimits(bytes);
        if (limits === undefined || id !== 0) throw malformed('LIMITS', bytes);
        if (this.outgoing.handleLimits(limits)) this.incoming.sayLimits();
        break;
      }
      case MessageKind.ARRAY:
        this.incoming.handleAnnouncement(id, bytes);
        break;
      case MessageKind.PIECE:
        if (bytes.length !== HEADER_BYTES) throw malformed('PIECE', bytes);
        this.incoming.handlePieceHeader(id);
        break;
      case MessageKind.ABORTED:
        this.incoming.handleAborted(id, requireFailure('ABORTED', bytes));
        break;
      case MessageKind.REFUSED:
        this.outgoing.handleRefused(id, requireFailure('REFUSED', bytes));
        break;
      case MessageKind.TAKEN:
        if (bytes.length !== HEADER_BYTES) throw malformed('TAKEN', bytes);
        this.outgoing.handleTaken(id);
        break;
      default:
        throw invalid(`message of the unknown kind ${kind}`);
    }
  }

  #stop(): void {
    const stop = this.#stopReceiving;
    this.#stopReceiving = undefined;
    stop?.();
  }
}

function requireFailure(name: string, bytes: Uint8Array): ArrayFailure {
  const failure = decodeFailure(bytes);
  if (failure === undefined) throw malformed(name, bytes);
  return failure;
}

function malformed(name: string, bytes: Uint8Array): ArrayTransferError {
  return invalid(`${name} of ${bytes.length} bytes, which is not its form`);
}
