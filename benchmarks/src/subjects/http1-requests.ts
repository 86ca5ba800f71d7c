import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Subject } from '../harness/subject.ts';
import { createPayload } from './message-load.ts';
import { type RequestLoad, runRequests } from './request-load.ts';

/** HTTP/1.1 of Node.js with keep-alive: a connection for each request in flight. */
export const subject: Subject<RequestLoad> = {
  async serve() {
    const server = createServer((incoming, response) => {
      void bodyOf(incoming).then((body) => {
        response.writeHead(200, { 'content-length': body.length });
        response.end(body);
      });
    });
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
    await once(server, 'listening');
    return {
      endpoint: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
      close: async () => {
        server.close();
        server.closeAllConnections();
      },
    };
  },

  async drive({ requestBytes, inFlight }, { host, port }) {
    const payload = createPayload(requestBytes);
    const agent = new Agent({ keepAlive: true, maxSockets: inFlight, maxFreeSockets: inFlight });
    const options = { host, port, agent, method: 'POST', headers: { 'content-length': requestBytes } };
    const ask = () =>
      new Promise<Buffer>((resolve, reject) => {
        const asking = request(options, (response) => void bodyOf(response).then(resolve, reject));
        asking.once('error', reject);
        asking.end(payload);
      });
    return {
      run: (load) => runRequests(load, ask),
      close: async () => {
        agent.destroy();
      },
    };
  },
};

function bodyOf(message: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    message.once('error', reject);
  });
}
