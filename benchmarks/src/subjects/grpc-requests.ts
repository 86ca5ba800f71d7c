import { Client, credentials, Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import type { Subject } from '../harness/subject.ts';
import { createPayload } from './message-load.ts';
import { type RequestLoad, runRequests } from './request-load.ts';

const PATH = '/Benchmark/Echo';
const asItIs = (bytes: Buffer) => bytes;

/** Bytes, which need no description and no encoding. */
const SERVICE: ServiceDefinition = {
  echo: {
    path: PATH,
    requestStream: false,
    responseStream: false,
    requestSerialize: asItIs,
    requestDeserialize: asItIs,
    responseSerialize: asItIs,
    responseDeserialize: asItIs,
  },
};

/** Unary calls of `@grpc/grpc-js`, without TLS. */
export const subject: Subject<RequestLoad> = {
  async serve() {
    const server = new Server();
    server.addService(SERVICE, {
      echo: (call: { request: Buffer }, answer: (error: null, reply: Buffer) => void) => answer(null, call.request),
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      });
    });
    return {
      endpoint: { host: '127.0.0.1', port },
      close: async () => {
        server.forceShutdown();
      },
    };
  },

  async drive({ requestBytes }, { host, port }) {
    const payload = createPayload(requestBytes);
    const client = new Client(`${host}:${port}`, credentials.createInsecure());
    await new Promise<void>((resolve, reject) => {
      client.waitForReady(Date.now() + 10_000, (error) => (error ? reject(error) : resolve()));
    });
    const ask = () =>
      new Promise<Buffer>((resolve, reject) => {
        client.makeUnaryRequest(PATH, asItIs, asItIs, payload, (error, reply) => {
          if (error) reject(error);
          else resolve(reply ?? Buffer.alloc(0));
        });
      });
    return {
      run: (load) => runRequests(load, ask),
      close: async () => {
        client.close();
      },
    };
  },
};
