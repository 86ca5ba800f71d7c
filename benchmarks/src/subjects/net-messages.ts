import type { Socket } from 'node:net';
import type { Subject } from '../harness/subject.ts';
import { Arrival } from '../measure/arrival.ts';
import { RoundTrips } from '../measure/round-trips.ts';
import { drained } from './drained.ts';
import { arrivalRates, createPayload, type MessageLoad } from './message-load.ts';
import { connectNet, serveNet } from './net-connection.ts';
import { createRawFrame, RAW_HEADER_BYTES, RawFrameReader, writeRawHeader } from './raw-frames.ts';

const MESSAGE = 0;
const ORDER = 1;
/** About the size of one write: messages are gathered up to here. */
const BATCH_BYTES = 65_536;

/** Raw `node:net` with the same header as ours and nothing else: what messages over TCP cost at the least. */
export const subject: Subject<MessageLoad> = {
  serve({ messageBytes }) {
    const payload = createPayload(messageBytes);
    return serveNet((socket) => {
      const reader = new RawFrameReader(messageBytes, (type, bytes, start, end) => {
        const content = bytes.slice(start, end);
        if (type === ORDER) void sendMany(socket, payload, Number(Buffer.from(content).toString()));
        else socket.write(createRawFrame(MESSAGE, content));
      });
      socket.on('data', (bytes: Uint8Array) => reader.read(bytes));
    });
  },

  async drive({ pattern, messageBytes }, endpoint) {
    const payload = createPayload(messageBytes);
    const arrival = new Arrival();
    const roundTrips = new RoundTrips(() => socket.write(createRawFrame(MESSAGE, payload)));
    const handleFrame = pattern === 'one-way' ? () => arrival.add(1) : () => roundTrips.handleReply();
    const reader = new RawFrameReader(messageBytes, handleFrame);
    const socket = await connectNet(endpoint, (bytes) => reader.read(bytes));
    return {
      run: async (load) => {
        if (load.pattern === 'round-trip') return roundTrips.run(load.count);
        const arrived = arrival.expect(load.count);
        socket.write(createRawFrame(ORDER, Buffer.from(String(load.count))));
        return arrivalRates(load, await arrived);
      },
      close: async () => {
        socket.destroy();
      },
    };
  },
};

async function sendMany(socket: Socket, payload: Uint8Array, count: number): Promise<void> {
  const frameBytes = RAW_HEADER_BYTES + payload.length;
  const messagesInBatch = Math.max(1, Math.floor(BATCH_BYTES / frameBytes));
  for (let sent = 0; sent < count;) {
    const messages = Math.min(messagesInBatch, count - sent);
    const batch = Buffer.allocUnsafe(messages * frameBytes);
    for (let offset = 0; offset < batch.length; offset += frameBytes) {
      writeRawHeader(batch, offset, payload.length, MESSAGE);
      batch.set(payload, offset + RAW_HEADER_BYTES);
    }
    sent += messages;
    if (!socket.write(batch)) await drained(socket);
  }
}
