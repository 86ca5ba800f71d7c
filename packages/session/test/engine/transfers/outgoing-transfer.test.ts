import { ConnectionLostError, type FileAccept, FrameType, TransferError, WireError } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { OutgoingTransfer } from '../../../src/engine/transfers/outgoing-transfer.ts';
import { OutputBatch } from '../../../src/engine/sending/output-batch.ts';
import { PackBuffer } from '../../../src/engine/sending/pack-buffer.ts';
import { errorOf } from '../error-of.ts';
import { hashOf, offerOf } from '../memory-files.ts';
import { PromiseLedger } from '../promise-ledger.ts';
import { TransferDesk } from '../transfer-desk.ts';

const WINDOW_BYTES = 10_000;
const FILE_BYTES = 3000;
const PREFIX_HASH = '0123456789abcdef';
const ABORT = { code: WireError.DISK_FULL, message: 'full' };

class Sending {
  readonly desk = new TransferDesk();
  readonly transfer: OutgoingTransfer;
  readonly heard: unknown[] = [];
  readonly promises = new PromiseLedger();

  constructor(state: 'new' | 'requested' = 'requested') {
    this.transfer = new OutgoingTransfer(7, this.desk, 253, new PackBuffer(), WINDOW_BYTES, state);
    this.transfer.handler = {
      onAccept: (offsetBytes, prefixHash) => this.heard.push(['accept', offsetBytes, prefixHash]),
      onAnswer: ({ answered }) => this.heard.push(['answer', answered]),
      onPause: (isPaused) => this.heard.push(isPaused ? 'paused' : 'resumed'),
      onWritten: (bytes) => this.heard.push(bytes),
      onDone: () => this.heard.push('done'),
      onInterrupted: (error) => this.heard.push(error),
      onAbort: (error) => this.heard.push(error),
    };
  }

  write(bytes: number): void {
    this.promises.add(String(bytes), this.transfer.write(testBytes(bytes)));
  }
}

/** How a transfer comes into each of its states. */
const ways: Record<string, (sending: Sending) => void> = {
  requested: () => undefined,
  offered: ({ transfer }) => {
    transfer.offer(offerOf('file', FILE_BYTES));
  },
  sending: (sending) => {
    ways.offered?.(sending);
    sending.transfer.handleAccept({ offsetBytes: 0 });
    sending.write(1000);
  },
  ended: (sending) => {
    ways.sending?.(sending);
    sending.write(2000);
    sending.transfer.end(hashOf(testBytes(3)));
    sending.desk.take();
    sending.transfer.handleWritten();
  },
  'sending a folder': ({ transfer }) => {
    transfer.offerFolder({ path: 'folder', integrity: 'xxh64', overwrite: 'replace' });
    transfer.handleAccept({ offsetBytes: 0 });
  },
  aborting: (sending) => {
    ways.sending?.(sending);
    sending.transfer.abort(WireError.TRANSFER_CANCELLED, 'mine');
  },
};

function sendingIn(state: string): Sending {
  const sending = new Sending();
  ways[state]?.(sending);
  sending.desk.take();
  sending.heard.length = 0;
  return sending;
}

const inputs: Record<string, (transfer: OutgoingTransfer) => void> = {
  FILE_OFFER: (transfer) => transfer.handleOffer(),
  FILE_ACCEPT: (transfer) => transfer.handleAccept({ offsetBytes: 0 }),
  FILE_DATA: (transfer) => transfer.handleData(),
  FILE_END: (transfer) => transfer.handleEnd(),
  FILE_DONE: (transfer) => transfer.handleDone({}),
  FILE_ABORT: (transfer) => transfer.handleAbort(ABORT),
  CREDIT: (transfer) => transfer.handleCredit(WINDOW_BYTES, 0),
  FOLDER_OFFER: (transfer) => transfer.handleFolderOffer(),
  FOLDER_ANSWER: (transfer) => transfer.handleAnswer({ answered: 1 }),
  TRANSFER_PAUSE: (transfer) => transfer.handlePause({ isPaused: true }),
};

const refused = (type: string, state: string) => `unexpected ${type} for transfer 7, which is ${state}`;
const paused = { says: [], hears: ['paused'], isForgotten: false };
const aborted = { says: ['FILE_ABORT #7 72'], hears: ['ERR_TCPCOMM_DISK_FULL'], isForgotten: true };
const ignored = { says: [], hears: [], isForgotten: false };

/** State against what arrives: what is said, what the application hears, whether the id is free. A text is a refusal. */
const table: Record<string, Record<string, typeof aborted | typeof ignored | string>> = {
  requested: { FILE_ABORT: aborted, CREDIT: ignored, TRANSFER_PAUSE: paused },
  offered: {
    FILE_ACCEPT: { says: [], hears: ['accept'], isForgotten: false },
    FILE_ABORT: aborted,
    CREDIT: ignored,
    TRANSFER_PAUSE: paused,
  },
  sending: { FILE_ABORT: aborted, CREDIT: ignored, TRANSFER_PAUSE: paused },
  ended: {
    FILE_DONE: { says: [], hears: ['done'], isForgotten: true },
    FILE_ABORT: aborted,
    CREDIT: ignored,
    TRANSFER_PAUSE: paused,
  },
  'sending a folder': {
    FOLDER_ANSWER: { says: [], hears: ['answer'], isForgotten: false },
    FILE_ABORT: aborted,
    CREDIT: ignored,
    TRANSFER_PAUSE: paused,
  },
  aborting: {
    FILE_ACCEPT: ignored,
    FOLDER_ANSWER: ignored,
    TRANSFER_PAUSE: ignored,
    FILE_DONE: { says: [], hears: [], isForgotten: true },
    FILE_ABORT: { says: [], hears: [], isForgotten: true },
    CREDIT: ignored,
  },
};

const cases = Object.keys(table).flatMap((state) => Object.keys(inputs).map((input) => [state, input] as const));

describe('state and input', () => {
  it.each(cases)('%s: %s', (state, input) => {
    const { desk, transfer, heard } = sendingIn(state);
    const expected = table[state]?.[input];
    const act = () => inputs[input]?.(transfer);
    if (expected === undefined || typeof expected === 'string') {
      const error = errorOf(act);
      expect(error).toMatchObject({
        wireError: WireError.INVALID_TRANSFER,
        message: refused(input, state.replace(' a folder', '')),
      });
      expect(heard).toEqual([]);
      return;
    }
    act();
    const words = heard.map((entry) =>
      Array.isArray(entry) ? String(entry[0]) : entry instanceof TransferError ? entry.code : entry,
    );
    expect({ says: desk.take(), hears: words, isForgotten: desk.isForgotten }).toEqual(expected);
  });
});

describe('a file', () => {
  it('goes as frames of the size asked for, and its hash behind the last of them', async () => {
    const { desk, transfer, heard, promises } = sendingIn('offered');
    transfer.handleAccept({ offsetBytes: 0 });
    promises.add('first', transfer.write(testBytes(1500)));
    promises.add('second', transfer.write(testBytes(1500)));
    transfer.end(hashOf(testBytes(3)));
    expect(desk.take()).toEqual([
      ...['FILE_DATA #7 1000', 'FILE_DATA #7 500', 'FILE_DATA #7 1000', 'FILE_DATA #7 500'],
      'FILE_END #7',
    ]);
    expect(transfer.sentBytes).toBe(3000);
    expect(await promises.pending()).toEqual(['first', 'second']);
    transfer.handleWritten();
    expect(await promises.resolved()).toEqual(['first', 'second']);
    transfer.handleWritten();
    expect(heard).toEqual([['accept', 0, undefined], 3000]);
  });

  it('that the receiver has is written, also when its word comes before that of the kernel', async () => {
    const { desk, transfer, heard, promises } = sendingIn('offered');
    transfer.handleAccept({ offsetBytes: 0 });
    promises.add('all', transfer.write(testBytes(FILE_BYTES)));
    transfer.end(hashOf(testBytes(3)));
    desk.take();
    transfer.handleDone({});
    expect([await promises.resolved(), heard]).toEqual([['all'], [['accept', 0, undefined], FILE_BYTES, 'done']]);
  });

  it('without bytes is its end alone', () => {
    const { desk, transfer } = sendingIn('offered');
    transfer.handleAccept({ offsetBytes: 0 });
    transfer.end(hashOf(testBytes(0)));
    expect(desk.take()).toEqual(['FILE_END #7']);
  });

  it('has no frame for a piece without bytes, and its promise settles', async () => {
    const { desk, transfer } = sendingIn('offered');
    transfer.handleAccept({ offsetBytes: 0 });
    await expect(transfer.write(new Uint8Array(0))).resolves.toBeUndefined();
    expect(desk.take()).toEqual([]);
  });

  it('can be asked for from its end on, and not from beyond', () => {
    const atEnd = sendingIn('offered');
    atEnd.transfer.handleAccept({ offsetBytes: FILE_BYTES, prefixHash: PREFIX_HASH });
    expect(atEnd.heard).toEqual([['accept', FILE_BYTES, PREFIX_HASH]]);
  });

  it.each<[FileAccept, string]>([
    [{ offsetBytes: 3001, prefixHash: PREFIX_HASH }, 'byte 3001 with a hash of what is before it'],
    [{ offsetBytes: 1 }, 'byte 1 without a hash of what is before it'],
    [{ offsetBytes: 0, prefixHash: PREFIX_HASH }, 'byte 0 with a hash of what is before it'],
  ])('is not accepted with %j', (accept, detail) => {
    const { transfer } = sendingIn('offered');
    expect(errorOf(() => transfer.handleAccept(accept))).toMatchObject({
      wireError: WireError.INVALID_TRANSFER,
      message: `FILE_ACCEPT from ${detail}, for transfer 7, which may begin at 0 to 3000`,
    });
  });

  it('is offered once more when the receiver has something else, and then begins at the beginning', () => {
    const { desk, transfer, heard } = sendingIn('offered');
    transfer.handleAccept({ offsetBytes: 1000, prefixHash: PREFIX_HASH });
    transfer.offer(offerOf('file', FILE_BYTES));
    expect(desk.take()).toEqual(['FILE_OFFER #7']);
    expect(errorOf(() => transfer.handleAccept({ offsetBytes: 1000, prefixHash: PREFIX_HASH }))).toMatchObject({
      wireError: WireError.INVALID_TRANSFER,
      message: expect.stringContaining('may begin at 0 to 0') as string,
    });
    transfer.handleAccept({ offsetBytes: 0 });
    expect(heard.at(-1)).toEqual(['accept', 0, undefined]);
    transfer.offer(offerOf('file', FILE_BYTES));
    expect(desk.take()).toEqual([]);
  });

  it('of which bytes are queued is not offered once more', () => {
    const { desk, transfer } = sendingIn('sending');
    transfer.offer(offerOf('file', FILE_BYTES));
    expect(desk.take().filter((frame) => frame.startsWith('FILE_OFFER'))).toEqual([]);
  });
});

describe('a pause', () => {
  it('of either end holds all back, the end too, until both go on', () => {
    const { desk, transfer, heard } = sendingIn('offered');
    transfer.handleAccept({ offsetBytes: 0 });
    transfer.pause(true);
    transfer.pause(true);
    void transfer.write(testBytes(500));
    transfer.end(hashOf(testBytes(3)));
    expect(desk.take()).toEqual(['TRANSFER_PAUSE #7']);
    transfer.handlePause({ isPaused: true });
    transfer.pause(false);
    expect(desk.take()).toEqual(['TRANSFER_PAUSE #7']);
    transfer.handlePause({ isPaused: false });
    expect(desk.take()).toEqual(['FILE_DATA #7 500', 'FILE_END #7']);
    expect(heard.slice(1)).toEqual(['paused', 'resumed']);
  });

  it('before the offer is not told: there is nothing to hold back yet', () => {
    const sending = new Sending('new');
    sending.transfer.pause(true);
    expect(sending.desk.take()).toEqual([]);
  });
});

describe('credit', () => {
  it('is used up and no byte more is sent; its end needs none', () => {
    const { desk, transfer, promises } = sendingIn('offered');
    transfer.handleAccept({ offsetBytes: 0 });
    promises.add('all', transfer.write(testBytes(20_000)));
    transfer.end(hashOf(testBytes(3)));
    expect(desk.take(4000)).toEqual(['FILE_DATA #7 4000', 'FILE_DATA #7 4000']);
    // A piece is not cut for less than 4 KiB of credit.
    transfer.handleCredit(12_119, 4000);
    expect(desk.take(4000)).toEqual([]);
    transfer.handleCredit(12_120, 4000);
    expect(desk.take(4000)).toEqual(['FILE_DATA #7 4000']);
    transfer.handleCredit(100_000, 8000);
    expect(desk.take(20_000)).toEqual(['FILE_DATA #7 8000', 'FILE_END #7']);
  });

  it.each([
    ['less than before', WINDOW_BYTES - 1, 500],
    ['fewer bytes written than before', WINDOW_BYTES, 499],
    ['more bytes written than were sent', WINDOW_BYTES, 1001],
  ])('of %s is refused', (_what, limitBytes, writtenBytes) => {
    const { desk, transfer } = sendingIn('offered');
    transfer.handleAccept({ offsetBytes: 0 });
    transfer.write(testBytes(1000)).catch(() => undefined);
    desk.take();
    transfer.handleCredit(WINDOW_BYTES, 500);
    expect(errorOf(() => transfer.handleCredit(limitBytes, writtenBytes))).toMatchObject({
      wireError: WireError.INVALID_ACKNOWLEDGEMENT,
    });
  });
});

describe('giving up', () => {
  it('drops what was queued, tells the receiver, and keeps the id until the receiver has said so too', async () => {
    const sending = sendingIn('offered');
    const { desk, transfer, promises } = sending;
    transfer.handleAccept({ offsetBytes: 0 });
    sending.write(1000);
    transfer.end(hashOf(testBytes(3)));
    transfer.abort(WireError.SOURCE_CHANGED, 'changed');
    expect(desk.take()).toEqual(['FILE_ABORT #7 74']);
    expect([transfer.isOpen, transfer.isReady, desk.isForgotten]).toEqual([false, false, false]);
    expect(await promises.errors()).toEqual([expect.objectContaining({ code: 'ERR_TCPCOMM_SOURCE_CHANGED' })]);
    await expect(transfer.write(testBytes(5))).rejects.toMatchObject({ code: 'ERR_TCPCOMM_SOURCE_CHANGED' });
    transfer.abort(WireError.SOURCE_CHANGED, 'again');
    transfer.end(hashOf(testBytes(3)));
    expect(desk.take()).toEqual([]);
  });

  it('in the middle of a frame run leaves a scheduled source that has nothing to give', () => {
    const sending = sendingIn('sending');
    sending.transfer.abort(WireError.TRANSFER_CANCELLED, 'mine');
    expect(sending.transfer.takeFrame(1000, new OutputBatch())).toBe(0);
  });

  it('before the receiver knows of the transfer says nothing, and the id is free', () => {
    const { desk, transfer } = new Sending('new');
    transfer.abort(WireError.FILE_NOT_FOUND, 'no such file');
    expect([desk.take(), desk.isForgotten, transfer.isOpen]).toEqual([[], true, false]);
    transfer.offer(offerOf('file', 1));
    expect(desk.take()).toEqual([]);
  });

  it('on a request is told to the peer that made it', () => {
    const { desk, transfer } = new Sending('requested');
    transfer.abort(WireError.FILE_NOT_FOUND, 'no such file');
    expect([desk.take(), desk.isForgotten]).toEqual([['FILE_ABORT #7 65'], false]);
  });
});

describe('the end of the session', () => {
  it.each(Object.keys(ways))('%s: the application hears of it once, and nothing is sent', async (state) => {
    const { desk, transfer, heard, promises } = sendingIn(state);
    const reason = new ConnectionLostError('over');
    transfer.stop(reason, false);
    expect(heard).toEqual(state === 'aborting' ? [] : [reason]);
    expect([desk.take(), transfer.isOpen, transfer.isReady]).toEqual([[], false, false]);
    expect(await promises.pending()).toEqual([]);
    await expect(transfer.write(testBytes(5))).rejects.toThrow();
    transfer.abort(WireError.TRANSFER_CANCELLED, 'mine');
    transfer.offer(offerOf('file', 1));
    expect(desk.take()).toEqual([]);
  });
});

it('FILE_DATA carries its channel, FILE_END and the others channel 0', () => {
  const batch = new OutputBatch();
  const sending = sendingIn('offered');
  const { transfer } = sending;
  transfer.handleAccept({ offsetBytes: 0 });
  sending.write(1000);
  transfer.takeFrame(1000, batch);
  transfer.end(hashOf(testBytes(3)));
  transfer.takeFrame(1000, batch);
  const bytes = Buffer.concat(batch.finish());
  const second = 8 + 1000;
  expect([bytes[3], bytes[4], bytes[second + 3], bytes[second + 4]]).toEqual([
    ...[FrameType.FILE_DATA, 253],
    ...[FrameType.FILE_END, 0],
  ]);
});
