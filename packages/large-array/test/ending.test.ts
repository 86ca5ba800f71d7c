import { letTurnsPass } from '@tcpcomm/test-support';
import { describe, expect, it } from 'vitest';
import { LargeArrayTransfer } from '../src/index.ts';
import { deliverAll, deliverSome, resetBoth, TestPort } from './port-pair.ts';
import { hex, rawAnnouncement, rawHeader, toHex, WIDE_LIMITS } from './raw-messages.ts';
import { CollectingEnd, transferPair, watch } from './transfer-pair.ts';

const reason = new Error('the session was lost');

describe('a reset', () => {
  it('fails what is under way at both ends, with its reason', async () => {
    const { left, right, deliverAll } = await transferPair();
    const sends = [2_000_000, 10, 900_000].map((length) => watch(left.transfer.send(new Uint8Array(length))));
    await deliverSome(left.port, 12);
    expect(right.transfer.incoming.length).toBe(2);
    resetBoth(left.port, right.port, reason);
    expect(right.transfer.incoming).toEqual([]);
    expect(right.failures).toEqual([
      { error: reason, description: expect.objectContaining({ id: 1 }) },
      { error: reason, description: expect.objectContaining({ id: 3 }) },
    ]);
    await deliverAll();
    for (const sent of sends) expect(sent).toEqual({ outcome: 'rejected', reason });
  });

  it('leaves what is complete with its receiver, and what has not begun with its sender', async () => {
    const { left, right, deliverAll } = await transferPair({ right: { maxArrays: 2 } });
    const sends = [1, 2, 3, 4].map((value) => watch(left.transfer.send(Uint8Array.of(value))));
    await deliverAll();
    resetBoth(left.port, right.port, reason);
    await deliverAll();
    expect(sends.map(({ outcome }) => outcome)).toEqual(['rejected', 'rejected', 'pending', 'pending']);
    right.collect();
    await deliverAll();
    expect(right.taken).toEqual([1, 2, 3, 4].map((value) => Uint8Array.of(value)));
    expect(sends.map(({ outcome }) => outcome)).toEqual(['rejected', 'rejected', 'resolved', 'resolved']);
    expect([left.failures, right.failures]).toEqual([[], []]);
  });

  it('leaves nothing of what was under way: neither a turn nor what the limits have counted', async () => {
    const { left, right, deliverAll } = await transferPair({
      right: { maxBytes: 600_000, maxBufferedBytes: 5_000_000 },
    });
    const send = () => Array.from({ length: 8 }, () => watch(left.transfer.send(new Uint8Array(600_000))));
    const lost = send();
    await deliverSome(left.port, 6);
    resetBoth(left.port, right.port, reason);
    right.failures.length = 0;
    const messagesBefore = left.port.sentMessages;
    const sent = send();
    await deliverAll();
    expect(left.port.sentMessages - messagesBefore).toBe(8 * (1 + 2 * 3));
    expect(lost.map(({ outcome }) => outcome)).toEqual(lost.map(() => 'rejected'));
    // All of them have come and none was taken: nothing else has kept one of them back.
    expect(right.failures).toEqual([]);
    right.collect();
    await deliverAll();
    expect(sent.map(({ outcome }) => outcome)).toEqual(sent.map(() => 'resolved'));
    expect(left.failures).toEqual([]);
  });

  it('between a PIECE and its piece: the next message is one again', async () => {
    const { left, right, deliverAll } = await transferPair();
    right.collect();
    left.transfer.send(new Uint8Array(100_000)).catch(() => {});
    await deliverSome(left.port, 2);
    expect(left.port.waiting.map(({ length }) => length)).toEqual([100_000]);
    resetBoth(left.port, right.port, reason);
    left.collect();
    const sends = [left, right].map(({ transfer }) => watch(transfer.send(Uint8Array.of(5))));
    await deliverAll();
    expect(sends.map(({ outcome }) => outcome)).toEqual(['resolved', 'resolved']);
    expect([...left.taken, ...right.taken]).toEqual([Uint8Array.of(5), Uint8Array.of(5)]);
  });

  it('has the peer number its arrays from anywhere', async () => {
    const [port] = TestPort.pair();
    const end = new CollectingEnd(port);
    end.collect();
    const array = rawAnnouncement(9, { byteLength: 1, elements: Uint8Array.of(7) });
    port.take(array);
    port.receiver!.handleReset(reason);
    array[7] = 1;
    port.take(array);
    await deliverAll(port);
    expect(end.taken.length).toBe(2);
    expect(end.failures).toEqual([]);
  });

  it('forgets the limits of the peer that is gone', async () => {
    const [port, peer] = TestPort.pair();
    const transfer = new LargeArrayTransfer(port);
    peer.receive({ handleMessage: () => {}, handleReset: () => {}, handleEnd: () => {} });
    port.take(WIDE_LIMITS);
    port.receiver!.handleReset(reason);
    const sent = watch(transfer.send(new Uint8Array(1)));
    await deliverAll(port);
    expect(sent.outcome).toBe('pending');
    port.take(WIDE_LIMITS);
    port.take(rawHeader(5, 1));
    await deliverAll(port);
    expect(sent.outcome).toBe('resolved');
  });

  it('lets no peer after the other fill the memory: what is left of earlier ones counts', async () => {
    const [port, peer] = TestPort.pair();
    const said: string[] = [];
    peer.receive({ handleMessage: (bytes) => said.push(toHex(bytes)), handleReset: () => {}, handleEnd: () => {} });
    const end = new CollectingEnd(port, { maxBytes: 0x100, maxBufferedBytes: 0x180, maxArrays: 4 });
    let id = 0;
    const array = () => rawAnnouncement((id += 1), { byteLength: 0x100, elements: new Uint8Array(0x100) });
    port.take(array());
    port.receiver!.handleReset(reason);
    // Less than one array is left: a peer may send one when it has none there.
    port.take(array());
    port.take(array());
    port.receiver!.handleReset(reason);
    port.take(array());
    await deliverAll(port);
    expect(end.failureCodes).toEqual(['ERR_TCPCOMM_TOO_MANY_ARRAYS', 'ERR_TCPCOMM_TOO_MANY_ARRAYS']);
    expect(said.filter((message) => message.startsWith('00'))).toEqual([
      '000000000000000000000000000001000000000000000180' + '00000004',
      '000000000000000000000000000001000000000000000080' + '00000003',
      '000000000000000000000000000001000000000000000000' + '00000000',
    ]);
    // As they are taken the peer is told that there is room again; nobody is told TAKEN.
    said.length = 0;
    end.collect();
    await deliverAll(port);
    expect(end.taken.length).toBe(2);
    expect(said).toEqual([
      '000000000000000000000000000001000000000000000080' + '00000003',
      '000000000000000000000000000001000000000000000180' + '00000004',
    ]);
  });
});

describe('a port that cannot send', () => {
  it('fails what was begun with its error; what comes then waits for a peer', async () => {
    const { left, right, deliverAll } = await transferPair();
    right.collect();
    const begun = [3_000_000, 5].map((length) => watch(left.transfer.send(new Uint8Array(length))));
    left.port.failure = new Error('no connection');
    await deliverAll();
    const late = watch(left.transfer.send(Uint8Array.of(1)));
    await deliverAll();
    for (const sent of begun.slice(0, 1)) expect(sent).toEqual({ outcome: 'rejected', reason: left.port.failure });
    expect(late.outcome).toBe('pending');
    left.port.failure = undefined;
    resetBoth(left.port, right.port, reason);
    await deliverAll();
    expect(late.outcome).toBe('resolved');
  });

  it('may have lost a piece whose PIECE has gone: no other message is taken for it', async () => {
    const { left, right, deliverAll } = await transferPair();
    right.collect();
    const controller = new AbortController();
    const { send } = left.port;
    const lost = Promise.withResolvers<undefined>();
    left.port.send = (bytes) => (bytes.length === 100_000 ? lost.promise : send.call(left.port, bytes));
    const aborted = watch(left.transfer.send(new Uint8Array(100_000), { signal: controller.signal }));
    const begun = watch(left.transfer.send(new Uint8Array(1_000_000)));
    controller.abort();
    lost.reject(reason);
    await letTurnsPass(1);
    const late = watch(left.transfer.send(Uint8Array.of(1)));
    await deliverAll();
    expect([aborted.outcome, begun, late.outcome]).toEqual(['rejected', { outcome: 'rejected', reason }, 'pending']);
    resetBoth(left.port, right.port, reason);
    await deliverAll();
    expect(late.outcome).toBe('resolved');
    expect(right.taken).toEqual([Uint8Array.of(1)]);
  });

  it('by throwing is treated alike', async () => {
    const { left, right } = await transferPair();
    const failure = new Error('not like this');
    left.port.send = () => {
      throw failure;
    };
    await expect(left.transfer.send(new Uint8Array(3000))).rejects.toBe(failure);
    right.port.send = left.port.send;
    right.port.take(rawAnnouncement(1, { byteLength: 0 }));
    await right.transfer[Symbol.asyncIterator]().next();
    expect([left.failures, right.failures]).toEqual([[], []]);
  });
});

describe('the end of the port', () => {
  it('rejects everything, and iterations get what is complete before they end', async () => {
    const { left, right, deliverAll } = await transferPair({ right: { maxArrays: 2 } });
    const sends = [1, 1_000_000, 3].map((length) => watch(left.transfer.send(new Uint8Array(length))));
    await deliverSome(left.port, 3);
    for (const { port } of [left, right]) {
      port.lose(reason);
      port.receiver!.handleEnd(reason);
    }
    await deliverAll();
    for (const sent of sends) expect(sent).toEqual({ outcome: 'rejected', reason });
    await expect(left.transfer.send(new Uint8Array(1))).rejects.toBe(reason);
    expect(right.failures).toEqual([{ error: reason, description: expect.objectContaining({ id: 2 }) }]);
    expect(right.transfer.incoming).toEqual([]);
    right.collect();
    await right.done;
    expect(right.taken).toEqual([new Uint8Array(1)]);
    expect([left.port.receiver, right.port.receiver]).toEqual([undefined, undefined]);
    const sentBefore = right.port.sentMessages;
    right.transfer.close();
    expect(right.port.sentMessages).toBe(sentBefore);
    await expect(left.transfer.send(new Uint8Array(1))).rejects.toBe(reason);
  });

  it('ends iterations that wait', async () => {
    const { right } = await transferPair();
    right.collect();
    await Promise.resolve();
    right.port.receiver!.handleEnd(reason);
    await right.done;
    expect(right.taken).toEqual([]);
  });

  it('may be there from the beginning, or come again', async () => {
    const [port] = TestPort.pair();
    const receive = port.receive.bind(port);
    let isStopped = false;
    port.receive = (receiver) => {
      const stop = receive(receiver);
      receiver.handleEnd(reason);
      receiver.handleEnd(new Error('once more'));
      receiver.handleReset(new Error('and on'));
      return () => {
        isStopped = true;
        stop();
      };
    };
    const end = new CollectingEnd(port);
    expect(isStopped).toBe(true);
    expect(port.sentMessages).toBe(0);
    await expect(end.transfer.send(new Uint8Array(1))).rejects.toBe(reason);
    end.collect();
    await end.done;
  });
});

describe('closing', () => {
  const closed = { code: 'ERR_TCPCOMM_ARRAY_ABORTED', message: 'the transfer of arrays was closed' };

  it('rejects what is sent, and has it aborted at the peer', async () => {
    const { left, right, deliverAll } = await transferPair();
    const sends = [1_000_000, 2].map((length) => watch(left.transfer.send(new Uint8Array(length))));
    await deliverSome(left.port, 4);
    left.transfer.close();
    await deliverAll();
    for (const sent of sends) expect(sent).toMatchObject({ outcome: 'rejected', reason: { ...closed, side: 'local' } });
    expect(right.failures).toMatchObject([
      { error: { ...closed, side: 'remote' }, description: { id: 1 } },
      { error: { ...closed, side: 'remote' }, description: { id: 2 } },
    ]);
    expect(right.transfer.incoming).toEqual([]);
    await expect(left.transfer.send(new Uint8Array(1))).rejects.toMatchObject(closed);
  });

  it('refuses what comes, also what is complete and was not taken; iterations end', async () => {
    const { left, right, deliverAll } = await transferPair();
    const sends = [1, 3, 1_000_000].map((length) => watch(left.transfer.send(new Uint8Array(length))));
    await deliverSome(left.port, 5);
    right.transfer.close();
    right.collect();
    await right.done;
    await deliverAll();
    expect(right.taken).toEqual([]);
    for (const sent of sends)
      expect(sent).toMatchObject({ outcome: 'rejected', reason: { ...closed, side: 'remote' } });
    expect(right.failures.map(({ description }) => description!.id).sort()).toEqual([1, 2, 3]);
    expect(right.failures).toMatchObject([{ error: closed }, { error: closed }, { error: closed }]);
    expect(right.transfer.incoming).toEqual([]);
  });

  it('tells the peer to send no more, ends what the port hands over, and again does nothing', async () => {
    const { left, right, deliverAll } = await transferPair();
    right.transfer[Symbol.dispose]();
    right.transfer.close();
    await deliverAll();
    expect(right.port.sentMessages).toBe(2);
    expect(right.port.receiver).toBeUndefined();
    const sent = watch(left.transfer.send(new Uint8Array(1)));
    await deliverAll();
    expect(sent.outcome).toBe('pending');
    expect(left.port.sentMessages).toBe(1);
  });

  it('drops what is left from an earlier peer, and tells of it', async () => {
    const { left, right, deliverAll } = await transferPair();
    left.transfer.send(new Uint8Array(1)).catch(() => {});
    await deliverAll();
    resetBoth(left.port, right.port, reason);
    right.transfer.close();
    right.collect();
    await right.done;
    expect(right.taken).toEqual([]);
    expect(right.failures).toMatchObject([{ error: closed, description: { id: 1 } }]);
  });

  it('is no obstacle to another transfer over the same port, not even between a PIECE and its piece', async () => {
    const { left, right, deliverAll } = await transferPair();
    const lost = watch(left.transfer.send(new Uint8Array(100_000)));
    await deliverSome(left.port, 2);
    expect(right.transfer.incoming.length).toBe(1);
    right.transfer.close();
    expect(right.port.receiver).toBeDefined();
    left.port.deliver();
    expect(right.port.receiver).toBeUndefined();
    const again = new CollectingEnd(right.port);
    again.collect();
    const sent = watch(left.transfer.send(Uint8Array.of(1)));
    await deliverAll();
    expect(again.taken).toEqual([Uint8Array.of(1)]);
    expect([lost.outcome, sent.outcome]).toEqual(['rejected', 'resolved']);
    const back = watch(again.transfer.send(Uint8Array.of(2)));
    left.collect();
    await deliverAll();
    expect(back.outcome).toBe('resolved');
    expect(left.failures).toEqual([]);
  });

  it('between a PIECE and its piece waits for no piece when there is a reset', async () => {
    const { left, right } = await transferPair();
    left.transfer.send(new Uint8Array(100_000)).catch(() => {});
    await deliverSome(left.port, 2);
    right.transfer.close();
    right.port.receiver!.handleReset(reason);
    expect(right.port.receiver).toBeUndefined();
  });

  it('tells of each array once, also where the program aborts others when it is told of one', async () => {
    const [port] = TestPort.pair();
    const failed: unknown[] = [];
    const transfer = new LargeArrayTransfer(port, {
      onFailure: (_error, description) => {
        failed.push(description?.id);
        for (const incoming of transfer.incoming) incoming.abort();
      },
    });
    for (const id of [1, 2, 3]) port.take(rawAnnouncement(id));
    transfer.close();
    expect(failed).toEqual([1, 2, 3]);
  });

  it('ends what is handled, also of a port that goes on handing over', async () => {
    const [port] = TestPort.pair();
    const end = new CollectingEnd(port);
    const receiver = port.receiver!;
    end.transfer.close();
    receiver.handleMessage(rawAnnouncement(1));
    receiver.handleMessage(hex('ff'));
    receiver.handleEnd(reason);
    expect(end.transfer.incoming).toEqual([]);
    expect(end.failures).toEqual([]);
  });

  it('while failures are told of', async () => {
    const [port] = TestPort.pair();
    let failures = 0;
    const transfer = new LargeArrayTransfer(port, {
      onFailure: () => {
        failures += 1;
        transfer.incoming[0]?.abort();
        transfer.close();
      },
    });
    for (const id of [1, 2, 3]) port.take(rawAnnouncement(id));
    port.take(hex('ff'));
    expect(failures).toBe(4);
    expect(transfer.incoming).toEqual([]);
  });
});
