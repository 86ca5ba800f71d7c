import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { checkForLeaks, testBytes } from '@tcpcomm/test-support';
import { expect, it } from 'vitest';
import { type AcceptedSocket, prepareAccepted } from '../../src/io/socket-handle.ts';
import { readByEvents, type ReadTarget } from '../../src/io/socket-reading.ts';

checkForLeaks();

const CONTENT = testBytes(1_000_000);

/** Accepts a connection over which some bytes come, ends it when they have, and tells what came, by which way. */
async function receive(prepare: (accepted: Socket) => AcceptedSocket) {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer = connect({ port: (server.address() as AddressInfo).port, allowHalfOpen: true });
  const [accepted] = (await once(server, 'connection')) as [Socket];
  server.close();
  const { socket, reading } = prepare(accepted);
  const { remotePort } = socket;
  const pieces: Uint8Array[] = [];
  const target: ReadTarget = {
    receive: (bytes) => {
      pieces.push(bytes.slice());
      return false;
    },
    roomForNext: () => undefined,
  };
  if (reading) reading.start(target);
  else readByEvents(socket, target);
  const closed = Promise.all([once(socket, 'close'), once(peer, 'close')]);
  const answered = once(peer, 'data') as Promise<[Buffer]>;
  peer.end(CONTENT);
  await once(socket, 'end');
  socket.end('thank you');
  const [answer] = await answered;
  await closed;
  return { bytes: Buffer.concat(pieces), answer: answer.toString(), isByEvents: reading === undefined, remotePort };
}

it('an accepted connection is read into memory of one’s own, and is written to and ended as before', async () => {
  const received = await receive(prepareAccepted);
  expect(received.isByEvents).toBe(false);
  expect(received.bytes.equals(CONTENT)).toBe(true);
  expect(received.answer).toBe('thank you');
  expect(received.remotePort).toBeGreaterThan(0);
});

it('one whose connection cannot be moved is read by its events', async () => {
  const received = await receive((accepted) => {
    // As on a platform that keeps its connections somewhere else.
    const elsewhere = new Proxy(accepted, {
      get: (target, name) => {
        if (name === '_handle') return undefined;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    return prepareAccepted(elsewhere);
  });
  expect(received.isByEvents).toBe(true);
  expect(received.bytes.equals(CONTENT)).toBe(true);
  expect(received.answer).toBe('thank you');
});
