import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { createSessionsSubject } from './sessions-subject.ts';

/** `ws`: binary messages, no compression; questions and their answers are texts. */
export const subject = createSessionsSubject({
  async listen(host, answer) {
    let acceptedCount = 0;
    const server = new WebSocketServer({ host, port: 0, perMessageDeflate: false });
    server.on('connection', (peer) => {
      acceptedCount += 1;
      peer.on('message', (bytes, isBinary) => {
        if (isBinary) peer.send(bytes);
        else void answer((bytes as Buffer).toString()).then((text) => peer.send(text));
      });
    });
    await once(server, 'listening');
    return {
      port: (server.address() as AddressInfo).port,
      get openCount() {
        return server.clients.size;
      },
      get acceptedCount() {
        return acceptedCount;
      },
      close: async () => {
        server.close();
      },
    };
  },

  async connect({ host, port }, hear) {
    let handleAnswer = (_text: string): void => undefined;
    const peer = new WebSocket(`ws://${host}:${port}`, { perMessageDeflate: false });
    peer.on('message', (bytes, isBinary) => {
      if (isBinary) hear(bytes as Buffer);
      else handleAnswer((bytes as Buffer).toString());
    });
    await once(peer, 'open');
    return {
      send: (message) => peer.send(message),
      ask: (question) => {
        peer.send(question);
        return new Promise<string>((resolve) => {
          handleAnswer = resolve;
        });
      },
      close: async () => {
        const closed = once(peer, 'close');
        peer.close();
        await closed;
      },
    };
  },
});
