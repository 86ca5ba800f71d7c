// In place of `@tcpcomm/server` where the contract tests run over threads: its servers have their sessions on two, to which they come in the way that
// the tests are about.
import { type ServerCallback, type ServerOptions, TcpCommServer as Server } from '@tcpcomm/server';

export * from '@tcpcomm/server';

const THREADED: ServerOptions = {
  threads: 2,
  threading: process.env.TCPCOMM_TEST_THREADS === 'reused-port' ? 'reused-port' : 'moved-sockets',
};

export class TcpCommServer extends Server {
  constructor(first: ServerOptions | ServerCallback = {}, second: ServerOptions = {}) {
    if (typeof first === 'function') super(first, { ...THREADED, ...second });
    else super({ ...THREADED, ...first });
  }
}
