// In place of `@tcpcomm/client` where the contract tests run over threads: its clients are on threads of their own.
import { type ClientCallback, type ClientOptions, TcpCommClient as Client } from '@tcpcomm/client';

export * from '@tcpcomm/client';

export class TcpCommClient extends Client {
  constructor(first: ClientOptions | ClientCallback = {}, second: ClientOptions = {}) {
    if (typeof first === 'function') super(first, { thread: true, ...second });
    else super({ thread: true, ...first });
  }
}
