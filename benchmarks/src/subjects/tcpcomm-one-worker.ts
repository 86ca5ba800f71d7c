import { createThreads } from './tcpcomm-threads-subject.ts';

/** The server's sessions are on a worker, and their messages cross to the thread that made it. */
export const subject = createThreads({ workers: 1 });
