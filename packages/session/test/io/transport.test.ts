import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { TcpCommError } from '@tcpcomm/protocol';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, leaksSince, letEventsRun, RawPeer, takeStock, waitUntil } from '@tcpcomm/test-support';
import type { ConnectionPhase } from '../../src/engine/connection-phase.ts';
import { OutputBatch } from '../../src/engine/sending/output-batch.ts';
import { Transport } from '../../src/io/transport.ts';

checkForLeaks();

/** A phase that sends what it is given and remembers what it is told. */
class RecordingPhase implements ConnectionPhase {
  onWake: () => void = () => undefined;
  deadlineMs = Infinity;
  isFinished = false;
  keepsReceived = false;
  roomForNext(): undefined {
    return undefined;
  }
  readonly log: string[] = [];
  /** How many bytes it takes before the next phase begins. */
  ownBytes = Infinity;
  #received = 0;
  #output: Uint8Array[] = [];
  #isOut = false;

  get receivedBytes(): number {
    return this.#received;
  }

  send(...chunks: Uint8Array[]): void {
    this.#output.push(...chunks);
    this.onWake();
  }

  finish(): void {
    this.isFinished = true;
    this.onWake();
  }

  receive(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.ownBytes - this.#received);
    this.#received += taken;
    if (this.#received === this.ownBytes) this.log.push('passed on');
    return taken;
  }

  handleEnd(): void {
    this.log.push('end');
  }

  handleLoss(error: TcpCommError): void {
    this.log.push(`loss ${error.code}`);
  }

  takeOutput(): OutputBatch | undefined {
    if (this.#isOut) throw new Error('asked again before handleWritten');
    if (this.#output.length === 0) return undefined;
    const batch = new OutputBatch();
    for (const chunk of this.#output) batch.addView(chunk);
    this.#output = [];
    this.#isOut = true;
    return batch;
  }

  handleWritten(): void {
    this.#isOut = false;
    this.log.push('written');
  }

  handleDeadline(): void {
    this.log.push('deadline');
    this.deadlineMs = Infinity;
  }
}

/** A transport and the raw peer at the other end of its socket. */
async function openTransport(phase: ConnectionPhase) {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  const [far] = await accepted;
  const transport = new Transport(socket, phase);
  const peer = new RawPeer(far);
  return {
    transport,
    peer,
    [Symbol.asyncDispose]: async () => {
      transport.destroy();
      peer.destroy();
      await Promise.all([transport.closed, peer.waitForClose()]);
      server.close();
      await once(server, 'close');
    },
  };
}

describe('a transport', () => {
  it('writes what its phase has, in order, and asks for more when that is with the kernel', async () => {
    const phase = new RecordingPhase();
    await using wire = await openTransport(phase);
    phase.send(Buffer.from('one, '), Buffer.from('two, '));
    phase.send(Buffer.from('three'));
    expect((await wire.peer.waitForBytes(15)).toString()).toBe('one, two, three');
    await waitUntil('it is told', () => phase.log.length > 0);
    expect(phase.log).toEqual(['written']);
  });

  it.each([1, 3])(
    'asks for nothing while the kernel takes no more, in %i pieces; then all comes, in order',
    async (pieces) => {
      const phase = new RecordingPhase();
      await using wire = await openTransport(phase);
      wire.peer.stopReading();
      const pieceBytes = Math.floor(8_000_000 / pieces);
      phase.send(...Array.from({ length: pieces }, (_, at) => Buffer.alloc(pieceBytes, at + 1)));
      await letEventsRun();
      phase.send(Buffer.from('more'));
      await letEventsRun();
      expect(phase.log).toEqual([]);
      wire.peer.socket.resume();
      const received = await wire.peer.waitForBytes(pieceBytes * pieces + 4);
      expect(received.subarray(-4).toString()).toBe('more');
      for (let at = 0; at < pieces; at += 1) expect(received[at * pieceBytes]).toBe(at + 1);
      await waitUntil('it is told', () => phase.log.length === 2);
      expect(phase.log).toEqual(['written', 'written']);
    },
  );

  it('gives bytes that its phase leaves to the next one, and sends first what the first had still to send', async () => {
    const first = new RecordingPhase();
    const second = new RecordingPhase();
    first.ownBytes = 10;
    await using wire = await openTransport(first);
    const receive = first.receive.bind(first);
    first.receive = (bytes) => {
      const taken = receive(bytes);
      if (taken < bytes.length) {
        first.send(Buffer.from('last of the first, '));
        second.send(Buffer.from('first of the second'));
        wire.transport.switchTo(second);
      }
      return taken;
    };
    wire.peer.send(Buffer.alloc(25));
    expect((await wire.peer.waitForBytes(38)).toString()).toBe('last of the first, first of the second');
    expect([first.receivedBytes, second.receivedBytes]).toEqual([10, 15]);
  });

  it('calls its phase when its deadline has come, also when that was moved nearer', async () => {
    const phase = new RecordingPhase();
    phase.deadlineMs = performance.now() + 60_000;
    await using _wire = await openTransport(phase);
    phase.deadlineMs = performance.now() + 10;
    phase.onWake();
    await waitUntil('the deadline has come', () => phase.log.includes('deadline'));
    expect(performance.now()).toBeGreaterThanOrEqual(phase.deadlineMs === Infinity ? 0 : phase.deadlineMs);
  });

  it('does not call it before, and leaves no timer when the connection is gone', async () => {
    const before = takeStock();
    const phase = new RecordingPhase();
    {
      await using wire = await openTransport(phase);
      phase.deadlineMs = performance.now() + 60_000;
      phase.onWake();
      await letEventsRun();
      wire.peer.reset();
      await wire.transport.closed;
    }
    expect(phase.log).toEqual(['loss ERR_TCPCOMM_CONNECTION_LOST']);
    await waitUntil('nothing is left', () => leaksSince(before).length === 0, 500);
  });

  it('that finishes sends its last bytes, ends, and closes when the peer has ended too', async () => {
    const phase = new RecordingPhase();
    await using wire = await openTransport(phase);
    phase.send(Buffer.alloc(3_000_000));
    phase.finish();
    await wire.peer.waitForEnd();
    expect(wire.peer.received.length).toBe(3_000_000);
    wire.peer.end();
    await wire.transport.closed;
    await wire.peer.waitForClose();
  });

  it('that finishes does not wait for ever for a peer that does not end', async () => {
    const phase = new RecordingPhase();
    await using wire = await openTransport(phase);
    phase.finish();
    await wire.peer.waitForEnd();
    const startMs = performance.now();
    await wire.transport.closed;
    expect(performance.now() - startMs).toBeLessThan(2500);
  });

  it('that finishes when the connection is lost leaves no timer behind', async () => {
    const phase = new RecordingPhase();
    const before = takeStock();
    {
      await using wire = await openTransport(phase);
      phase.handleLoss = () => {
        phase.finish();
      };
      wire.peer.reset();
      await wire.transport.closed;
      await letEventsRun();
    }
    await waitUntil('nothing is left', () => leaksSince(before).length === 0, 500);
  });

  it('tells its phase of the end of the peer, and can still send', async () => {
    const phase = new RecordingPhase();
    await using wire = await openTransport(phase);
    wire.peer.end();
    await waitUntil('it knows', () => phase.log.includes('end'));
    phase.send(Buffer.from('still here'));
    expect((await wire.peer.waitForBytes(10)).toString()).toBe('still here');
  });

  it('destroyed with bytes to send tells its phase of the loss, once', async () => {
    const phase = new RecordingPhase();
    await using wire = await openTransport(phase);
    wire.peer.stopReading();
    phase.send(Buffer.alloc(20_000_000));
    await letEventsRun();
    wire.transport.destroy();
    await wire.transport.closed;
    await letEventsRun();
    expect(phase.log.filter((entry) => entry.startsWith('loss'))).toEqual(['loss ERR_TCPCOMM_CONNECTION_LOST']);
  });
});
