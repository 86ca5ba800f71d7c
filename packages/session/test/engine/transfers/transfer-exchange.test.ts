import { FrameType, WireError } from '@tcpcomm/protocol';
import { testBytes } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { controlFrame, creditFrame, fileDataFrame } from '../frames.ts';
import { LoneEngine } from '../lone-engine.ts';
import { hashOf, offerOf } from '../memory-files.ts';

const REQUEST = { path: 'f' };
const ABORT = { code: WireError.TRANSFER_CANCELLED, message: 'never mind' };

/** A server of which a client asks. */
function server(): LoneEngine {
  const lone = new LoneEngine('server', { settings: { maxTransfers: 3 } });
  lone.application.files.set('f', testBytes(100));
  return lone;
}

describe('what the peer begins', () => {
  it('reaches the application, and is answered under its id', () => {
    const lone = server();
    lone.receive(controlFrame(FrameType.FILE_REQUEST, REQUEST, 5));
    lone.receive(controlFrame(FrameType.FILE_OFFER, offerOf('g', 10), 7));
    expect(lone.application.asked).toEqual(['f', 'g']);
    expect(lone.take()).toEqual(['FILE_OFFER #5', 'FILE_ACCEPT #7']);
  });

  it('beyond the bound is refused, without a word to the application, and keeps no id', () => {
    const lone = server();
    for (const id of [1, 3, 5, 7, 7]) lone.receive(controlFrame(FrameType.FILE_REQUEST, REQUEST, id));
    lone.receive(controlFrame(FrameType.FILE_OFFER, offerOf('g', 10), 9));
    expect(lone.application.asked).toHaveLength(3);
    expect(lone.take().slice(3)).toEqual(['FILE_ABORT #7 77', 'FILE_ABORT #7 77', 'FILE_ABORT #9 77']);
    lone.receive(controlFrame(FrameType.FILE_ABORT, ABORT, 1), controlFrame(FrameType.FILE_REQUEST, REQUEST, 7));
    expect(lone.application.asked).toHaveLength(4);
  });

  it('is not bounded by what this side has begun', () => {
    const lone = server();
    for (let count = 0; count < 3; count += 1) lone.application.getFile('x');
    lone.receive(controlFrame(FrameType.FILE_REQUEST, REQUEST, 1));
    expect(lone.application.asked).toEqual(['f']);
  });
});

describe('what this side begins', () => {
  it('takes ids in turn, and an id is free again when both have said that it is over', () => {
    const lone = server();
    lone.application.getFile('a');
    const target = lone.application.getFile('b');
    target.cancel();
    expect(lone.take()).toEqual(['FILE_REQUEST #2', 'FILE_REQUEST #4', 'FILE_ABORT #4 76']);
    lone.application.getFile('c');
    expect(() => lone.application.getFile('d')).toThrow('3 transfers begun here are open, maxTransfers is 3');
    lone.receive(controlFrame(FrameType.FILE_ABORT, ABORT, 4));
    lone.application.getFile('d');
    expect(lone.take()).toEqual(['FILE_REQUEST #6', 'FILE_REQUEST #8']);
  });

  it('and gives up before the peer knows of it leaves nothing behind', () => {
    const lone = server();
    for (let count = 0; count < 100; count += 1) {
      lone.engine.transfers.beginOutgoing().abort(WireError.FILE_NOT_FOUND, 'no such file');
      lone.engine.transfers.beginIncoming().abort(WireError.TRANSFER_CANCELLED, 'cancelled');
    }
    expect(lone.take()).toEqual([]);
  });
});

describe('frames of transfers that are not open', () => {
  it.each([
    ['FILE_ABORT', controlFrame(FrameType.FILE_ABORT, ABORT, 9)],
    ['CREDIT', creditFrame(253, 1e6, 0, 9)],
  ])('%s is ignored: it crossed the end', (_type, frame) => {
    const lone = server().receive(frame);
    expect(lone.take()).toEqual([]);
    expect(lone.engine.isOpen).toBe(true);
  });

  it.each([
    ['FILE_ACCEPT', controlFrame(FrameType.FILE_ACCEPT, { offsetBytes: 0 }, 9)],
    ['FILE_DATA', fileDataFrame(252, 9, testBytes(1))],
    ['FILE_END', controlFrame(FrameType.FILE_END, { hash: hashOf(testBytes(1)) }, 9)],
    ['FILE_DONE', controlFrame(FrameType.FILE_DONE, {}, 9)],
  ])('%s is refused', (type, frame) => {
    const lone = server().receive(frame);
    expect(lone.engine.closeReason).toMatchObject({
      code: 'ERR_TCPCOMM_INVALID_TRANSFER',
      message: `unexpected ${type} for transfer 9, which is not open`,
    });
  });
});

describe('what crosses on the wire', () => {
  it('abort and abort: each side is through with the word of the other', () => {
    const lone = server();
    const target = lone.application.getFile('x');
    target.cancel();
    lone.take();
    lone.receive(controlFrame(FrameType.FILE_ABORT, ABORT, 2));
    expect(lone.take()).toEqual([]);
    for (let count = 0; count < 3; count += 1) lone.application.getFile('y');
  });

  it('done and abort: the sender that gave up too late hears nothing more, and the id is free', () => {
    const lone = server();
    const source = lone.application.sendFile('g', testBytes(10));
    lone.receive(controlFrame(FrameType.FILE_ACCEPT, { offsetBytes: 0 }, 2));
    expect(lone.take()).toEqual(['FILE_OFFER #2', 'FILE_DATA #2 10', 'FILE_END #2']);
    source.cancel();
    expect(lone.take()).toEqual(['FILE_ABORT #2 76']);
    lone.receive(controlFrame(FrameType.FILE_DONE, {}, 2));
    expect(lone.take()).toEqual([]);
    for (let count = 0; count < 3; count += 1) lone.application.getFile('y');
  });

  it('data and an end on their way to a receiver that gave up are ignored, and acknowledged', () => {
    const lone = server();
    const target = lone.application.getFile('x');
    lone.receive(controlFrame(FrameType.FILE_OFFER, offerOf('x', 1000), 2));
    target.cancel();
    lone.take();
    const end = controlFrame(FrameType.FILE_END, { hash: hashOf(testBytes(1)) }, 2);
    lone.receive(fileDataFrame(252, 2, testBytes(1000)), end);
    expect(lone.advanceTo(10).take()).toEqual([`ACK ${1008 + end.length}`]);
    lone.receive(controlFrame(FrameType.FILE_ABORT, ABORT, 2));
    expect([lone.take(), lone.engine.isOpen]).toEqual([[], true]);
  });

  it('an acceptance of an offer that was withdrawn is ignored', () => {
    const lone = server();
    lone.application.sendFile('g', testBytes(10)).cancel();
    lone.receive(controlFrame(FrameType.FILE_ACCEPT, { offsetBytes: 0 }, 2));
    expect(lone.take()).toEqual(['FILE_OFFER #2', 'FILE_ABORT #2 76']);
    expect(lone.engine.isOpen).toBe(true);
  });
});
