import { createThreads } from './tcpcomm-threads-subject.ts';

/** The server's sessions are on a worker, and so are the handlers of their messages. */
export const subject = createThreads({ workers: 1, handlers: true });
