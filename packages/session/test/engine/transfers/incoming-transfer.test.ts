import { ConnectionLostError, type FrameHeader, FrameType, TransferError, WireError } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { type Acceptance, IncomingTransfer } from '../../../src/engine/transfers/incoming-transfer.ts';
import { errorOf } from '../error-of.ts';
import { hashOf, offerOf } from '../memory-files.ts';
import { TransferDesk } from '../transfer-desk.ts';

const WINDOW_BYTES = 10_000;
const FILE_BYTES = 3000;
const HASH = hashOf(testBytes(3));
const ABORT = { code: WireError.SOURCE_CHANGED, message: 'changed' };

class Receiving {
  readonly desk = new TransferDesk();
  readonly transfer: IncomingTransfer;
  readonly heard: unknown[] = [];

  constructor(state: 'new' | 'requesting' = 'new') {
    this.transfer = new IncomingTransfer(7, this.desk, 252, WINDOW_BYTES, state);
    this.transfer.handler = {
      onOffer: () => this.heard.push('offer'),
      onData: (bytes) => this.heard.push(bytes.length),
      onEnd: (hash) => this.heard.push(hash),
      onPause: (isPaused) => this.heard.push(isPaused ? 'paused' : 'resumed'),
      onInterrupted: (error) => this.heard.push(error),
      onAbort: (error) => this.heard.push(error),
    };
  }

  receiveData(length: number, pieceBytes = length): void {
    const header: FrameHeader = { length, type: FrameType.FILE_DATA, channel: 252, flags: 0, stream: 7 };
    const payload = testBytes(length);
    for (let at = 0; at < Math.max(1, length); at += Math.max(1, pieceBytes)) {
      this.transfer.handleData(header, payload.subarray(at, at + pieceBytes), at);
    }
  }
}

const FOLDER_OFFER = { path: 'folder', integrity: 'xxh64', overwrite: 'replace' } as const;

/** Takes the file from this byte on, with room for a window of it. */
function from(offsetBytes: number): Acceptance {
  const prefixHash = offsetBytes > 0 ? HASH : undefined;
  return { offsetBytes, prefixHash, capacityBytes: WINDOW_BYTES };
}

const ways: Record<string, (receiving: Receiving) => void> = {
  requesting: ({ transfer }) => {
    transfer.request({ path: 'file' });
  },
  offered: (receiving) => {
    ways.requesting?.(receiving);
    receiving.transfer.handleOffer(offerOf('file', FILE_BYTES));
  },
  receiving: (receiving) => {
    ways.offered?.(receiving);
    receiving.transfer.accept(from(0));
  },
  verifying: (receiving) => {
    ways.receiving?.(receiving);
    receiving.receiveData(FILE_BYTES);
    receiving.transfer.handleEnd({ hash: HASH });
  },
  'requesting a folder': ({ transfer }) => {
    transfer.requestFolder({ path: 'folder' });
  },
  'receiving a folder': (receiving) => {
    ways['requesting a folder']?.(receiving);
    receiving.transfer.handleFolderOffer(FOLDER_OFFER);
    receiving.transfer.accept(from(0));
  },
  aborting: (receiving) => {
    ways.receiving?.(receiving);
    receiving.transfer.abort(WireError.DISK_FULL, 'full');
  },
};

function receivingIn(state: string): Receiving {
  const receiving = new Receiving();
  ways[state]?.(receiving);
  receiving.desk.take();
  receiving.heard.length = 0;
  return receiving;
}

const inputs: Record<string, (receiving: Receiving) => void> = {
  FILE_OFFER: ({ transfer }) => transfer.handleOffer(offerOf('file', FILE_BYTES)),
  FILE_ACCEPT: ({ transfer }) => transfer.handleAccept(),
  FILE_DATA: (receiving) => {
    receiving.receiveData(FILE_BYTES);
  },
  FILE_END: ({ transfer }) => transfer.handleEnd({ hash: HASH }),
  FILE_DONE: ({ transfer }) => transfer.handleDone(),
  FILE_ABORT: ({ transfer }) => transfer.handleAbort(ABORT),
  CREDIT: ({ transfer }) => transfer.handleCredit(),
  FOLDER_OFFER: ({ transfer }) => transfer.handleFolderOffer(FOLDER_OFFER),
  FOLDER_ANSWER: ({ transfer }) => transfer.handleAnswer(),
  TRANSFER_PAUSE: ({ transfer }) => transfer.handlePause({ isPaused: true }),
};

interface Outcome {
  readonly says: string[];
  readonly hears: unknown[];
  readonly isForgotten: boolean;
}

const paused: Outcome = { says: [], hears: ['paused'], isForgotten: false };
const aborted: Outcome = { says: ['FILE_ABORT #7 74'], hears: ['ERR_TCPCOMM_SOURCE_CHANGED'], isForgotten: true };
const ignored: Outcome = { says: [], hears: [], isForgotten: false };

/** State against what arrives. What is not in it is refused, but for an end before the last byte, below. */
const table: Record<string, Record<string, Outcome>> = {
  requesting: {
    FILE_OFFER: { says: [], hears: ['offer'], isForgotten: false },
    FILE_ABORT: aborted,
    TRANSFER_PAUSE: paused,
  },
  offered: { FILE_ABORT: aborted, TRANSFER_PAUSE: paused },
  receiving: {
    FILE_DATA: { says: [], hears: [FILE_BYTES], isForgotten: false },
    FILE_ABORT: aborted,
    TRANSFER_PAUSE: paused,
  },
  verifying: { FILE_ABORT: aborted, TRANSFER_PAUSE: paused },
  'requesting a folder': {
    FOLDER_OFFER: { says: [], hears: ['offer'], isForgotten: false },
    FILE_ABORT: aborted,
    TRANSFER_PAUSE: paused,
  },
  'receiving a folder': {
    FILE_DATA: { says: [], hears: [FILE_BYTES], isForgotten: false },
    FILE_ABORT: aborted,
    TRANSFER_PAUSE: paused,
  },
  aborting: {
    FILE_OFFER: ignored,
    FILE_DATA: ignored,
    FILE_END: ignored,
    FOLDER_OFFER: ignored,
    TRANSFER_PAUSE: ignored,
    FILE_ABORT: { says: [], hears: [], isForgotten: true },
  },
};

const cases = Object.keys(table).flatMap((state) => Object.keys(inputs).map((input) => [state, input] as const));

describe('state and input', () => {
  it.each(cases)('%s: %s', (state, input) => {
    const receiving = receivingIn(state);
    const { desk, heard } = receiving;
    const expected = table[state]?.[input];
    const act = () => inputs[input]?.(receiving);
    if (expected === undefined) {
      expect(errorOf(act)).toMatchObject({ wireError: WireError.INVALID_TRANSFER });
      expect(heard).toEqual([]);
      return;
    }
    act();
    const words = heard.map((entry) => (entry instanceof TransferError ? entry.code : entry));
    expect({ says: desk.take(), hears: words, isForgotten: desk.isForgotten }).toEqual(expected);
  });

  it('a refusal names the frame, the transfer and its state', () => {
    const { transfer } = receivingIn('offered');
    expect(errorOf(() => transfer.handleDone())).toMatchObject({
      message: 'unexpected FILE_DONE for transfer 7, which is offered',
    });
  });
});

describe('a file', () => {
  it('is handed over in the pieces in which it comes', () => {
    const receiving = receivingIn('receiving');
    receiving.receiveData(2000, 700);
    receiving.receiveData(1000);
    receiving.transfer.handleEnd({ hash: HASH });
    expect(receiving.heard).toEqual([700, 700, 600, 1000, HASH]);
    receiving.transfer.finish();
    expect([receiving.desk.take(), receiving.desk.isForgotten]).toEqual([['FILE_DONE #7'], true]);
  });

  it('without bytes ends at once', () => {
    const receiving = new Receiving('requesting');
    receiving.transfer.handleOffer(offerOf('file', 0));
    receiving.transfer.accept(from(0));
    receiving.transfer.handleEnd({ hash: HASH });
    expect(receiving.heard).toEqual(['offer', HASH]);
  });

  it('is counted from the offset on', () => {
    const receiving = receivingIn('offered');
    receiving.transfer.accept(from(2000));
    receiving.receiveData(1000);
    receiving.transfer.handleEnd({ hash: HASH });
    expect(receiving.heard).toEqual([1000, HASH]);
  });

  it.each<[string, number, (receiving: Receiving) => void, string]>([
    ['an empty frame', WireError.INVALID_TRANSFER, (r) => r.receiveData(0), 'empty FILE_DATA for transfer 7'],
    ['more than was offered', WireError.INVALID_TRANSFER, (r) => r.receiveData(FILE_BYTES + 1), 'goes to byte 3001'],
    [
      'an end before the last byte',
      WireError.INVALID_TRANSFER,
      (r) => r.transfer.handleEnd({ hash: HASH }),
      'transfer 7 ended at byte 0, 3000 were offered',
    ],
  ])('with %s is refused', (_what, wireError, act, message) => {
    const receiving = receivingIn('receiving');
    expect(errorOf(() => act(receiving))).toMatchObject({ wireError, message: expect.stringContaining(message) });
  });
});

describe('credit', () => {
  function receivingLargeFile(): Receiving {
    const receiving = new Receiving('requesting');
    receiving.transfer.handleOffer(offerOf('file', 1_000_000));
    receiving.transfer.accept(from(0));
    return receiving;
  }

  it('is the window: a frame beyond it is refused, one that ends with it is not', () => {
    const receiving = receivingLargeFile();
    receiving.receiveData(WINDOW_BYTES - 17);
    receiving.receiveData(1);
    expect(errorOf(() => receiving.receiveData(1))).toMatchObject({
      wireError: WireError.FLOW_CONTROL,
      message: 'frame up to byte 10009 of transfer 7 exceeds the credit of 10000',
    });
  });

  it('comes back when bytes are with the file system, told by half windows', () => {
    const receiving = receivingLargeFile();
    receiving.receiveData(8000);
    receiving.transfer.handleStored(4000);
    expect(receiving.desk.isCreditDue).toBe(false);
    receiving.transfer.handleStored(1000);
    expect(receiving.desk.isCreditDue).toBe(true);
    expect([receiving.transfer.takeLimit(), receiving.transfer.consumedCount]).toEqual([WINDOW_BYTES + 5008, 5000]);
  });

  it('is not given for what of a frame has not come yet', () => {
    const receiving = receivingLargeFile();
    receiving.receiveData(1000);
    const header: FrameHeader = { length: 8000, type: FrameType.FILE_DATA, channel: 252, flags: 0, stream: 7 };
    receiving.transfer.handleData(header, testBytes(10), 0);
    receiving.transfer.handleStored(1000);
    expect(receiving.transfer.takeLimit()).toBe(WINDOW_BYTES + 1000 + 2 * 8);
  });

  it('is not told any more when all has come, or when this side has given up', () => {
    const ended = receivingIn('verifying');
    ended.transfer.handleStored(FILE_BYTES);
    const aborting = receivingIn('aborting');
    aborting.transfer.handleStored(9000);
    expect([ended.desk.isCreditDue, aborting.desk.isCreditDue]).toEqual([false, false]);
  });
});

describe('credit of a receiver with room for more than the window', () => {
  it('goes a window ahead of what has come, as far as there is room', () => {
    const receiving = receivingIn('offered');
    receiving.transfer.accept({ ...from(0), capacityBytes: 2 * WINDOW_BYTES });
    receiving.receiveData(2000);
    expect(receiving.desk.isCreditDue).toBe(false);
    expect(receiving.transfer.takeLimit()).toBe(WINDOW_BYTES + 2000 + 8);
  });

  it('is told as bytes come, and no further than the room without what is written', () => {
    const receiving = new Receiving('requesting');
    receiving.transfer.handleOffer(offerOf('file', 1_000_000));
    receiving.transfer.accept({ ...from(0), capacityBytes: 1.5 * WINDOW_BYTES });
    receiving.receiveData(5000 - 8);
    expect(receiving.desk.isCreditDue).toBe(true);
    expect(receiving.transfer.takeLimit()).toBe(1.5 * WINDOW_BYTES);
    receiving.receiveData(9000);
    expect(receiving.transfer.takeLimit()).toBe(1.5 * WINDOW_BYTES + 16);
    receiving.transfer.handleStored(100);
    expect(receiving.transfer.takeLimit()).toBe(1.5 * WINDOW_BYTES + 116);
  });
});

describe('a file of which something is here', () => {
  it('is accepted from there on, with the hash of it', () => {
    const receiving = receivingIn('offered');
    receiving.transfer.accept(from(2000));
    expect(receiving.desk.take()).toEqual(['FILE_ACCEPT #7 from 2000 behind ' + HASH]);
  });

  it('may be offered once more before any of it comes, and begins anew', () => {
    const receiving = receivingIn('offered');
    receiving.transfer.accept(from(2000));
    receiving.transfer.handleOffer(offerOf('file', FILE_BYTES));
    receiving.transfer.accept(from(0));
    receiving.receiveData(FILE_BYTES);
    receiving.transfer.handleEnd({ hash: HASH });
    expect(receiving.heard).toEqual(['offer', FILE_BYTES, HASH]);
  });

  it.each<[string, number, number, number]>([
    ['when some of it has come', 2000, 10, FILE_BYTES],
    ['when nothing was here', 0, 0, FILE_BYTES],
    ['with another size', 2000, 0, FILE_BYTES + 1],
  ])('is not to be offered once more %s', (_when, offsetBytes, receivedBytes, sizeBytes) => {
    const receiving = receivingIn('offered');
    receiving.transfer.accept(from(offsetBytes));
    if (receivedBytes > 0) receiving.receiveData(receivedBytes);
    expect(errorOf(() => receiving.transfer.handleOffer(offerOf('file', sizeBytes)))).toMatchObject({
      wireError: WireError.INVALID_TRANSFER,
      message: 'unexpected FILE_OFFER for transfer 7, which is receiving',
    });
  });
});

describe('a folder', () => {
  it('has no size and ends without a hash', () => {
    const receiving = receivingIn('receiving a folder');
    receiving.receiveData(9000);
    receiving.transfer.handleEnd({});
    expect(receiving.heard).toEqual([9000, undefined]);
  });

  it.each([
    ['a folder with a hash', 'receiving a folder', { hash: HASH }],
    ['a file without one', 'receiving', {}],
  ])('%s at its end is refused', (_what, state, end) => {
    const { transfer } = receivingIn(state);
    expect(errorOf(() => transfer.handleEnd(end))).toMatchObject({ wireError: WireError.INVALID_TRANSFER });
  });

  it('is answered while it comes, and not any more when this side has given up', () => {
    const { desk, transfer } = receivingIn('receiving a folder');
    transfer.answer({ answered: 3, skip: [1] });
    expect(desk.take()).toEqual(['FOLDER_ANSWER #7']);
    transfer.abort(WireError.DISK_FULL, 'full');
    transfer.answer({ answered: 4 });
    expect(desk.take()).toEqual(['FILE_ABORT #7 74'.replace('74', String(WireError.DISK_FULL))]);
  });

  it('that the peer begins needs no request', () => {
    const receiving = new Receiving('requesting');
    receiving.transfer.handleFolderOffer(FOLDER_OFFER, true);
    expect(receiving.heard).toEqual(['offer']);
    const other = receivingIn('requesting');
    expect(errorOf(() => other.transfer.handleFolderOffer(FOLDER_OFFER))).toMatchObject({
      wireError: WireError.INVALID_TRANSFER,
    });
  });
});

it('a pause is told to the sender from the request on, until the end', () => {
  const { desk, transfer } = new Receiving();
  transfer.pause(true);
  transfer.request({ path: 'file' });
  transfer.pause(true);
  transfer.pause(false);
  transfer.abort(WireError.DISK_FULL, 'full');
  transfer.pause(true);
  expect(desk.take()).toEqual(['FILE_REQUEST #7', 'TRANSFER_PAUSE #7', 'TRANSFER_PAUSE #7', 'FILE_ABORT #7 72']);
});

describe('giving up', () => {
  it('tells the sender once, and keeps the id until the sender has said so too', () => {
    const { desk, transfer } = receivingIn('receiving');
    transfer.abort(WireError.DISK_FULL, 'full');
    transfer.abort(WireError.DISK_FULL, 'again');
    transfer.finish();
    transfer.accept(from(0));
    expect([desk.take(), desk.isForgotten, transfer.isOpen]).toEqual([['FILE_ABORT #7 72'], false, false]);
  });

  it('before the request is made says nothing, and the id is free', () => {
    const { desk, transfer } = new Receiving();
    transfer.abort(WireError.TRANSFER_CANCELLED, 'mine');
    transfer.request({ path: 'file' });
    expect([desk.take(), desk.isForgotten, transfer.isOpen]).toEqual([[], true, false]);
  });

  it('with a long explanation sends what a control message may carry of it', () => {
    const { desk, transfer } = receivingIn('receiving');
    transfer.abort(WireError.DISK_FULL, 'x'.repeat(5000));
    expect(desk.take()).toEqual(['FILE_ABORT #7 72']);
  });
});

describe('the end of the session', () => {
  it.each(Object.keys(ways))('%s: the application hears of it once, and nothing is sent', (state) => {
    const { desk, transfer, heard } = receivingIn(state);
    const reason = new ConnectionLostError('over');
    transfer.stop(reason, false);
    transfer.finish();
    transfer.accept(from(0));
    transfer.abort(WireError.DISK_FULL, 'full');
    expect(heard).toEqual(state === 'aborting' ? [] : [reason]);
    expect([desk.take(), transfer.isOpen]).toEqual([[], false]);
  });
});

it('an offer to a transfer that has not been requested is refused', () => {
  expect(errorOf(() => new Receiving().transfer.handleOffer(offerOf('file', 1)))).toMatchObject({
    wireError: WireError.INVALID_TRANSFER,
  });
});
