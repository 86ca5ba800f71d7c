// In place of `@tcpcomm/server` where the contract tests run over threads: its servers have their sessions on two.
import { type ServerCallback, type ServerOptions, TcpCommServer as Server } from '@tcpcomm/server';

export * from '@tcpcomm/server';

export class TcpCommServer extends Server {
  constructor(first: ServerOptions | ServerCallback = {}, second: ServerOptions = {}) {
    if (typeof first === 'function') super(first, { threads: 2, ...second });
    else super({ threads: 2, ...first });
  }
}
