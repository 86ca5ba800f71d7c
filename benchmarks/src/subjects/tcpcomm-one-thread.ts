import { createThreads } from './tcpcomm-threads-subject.ts';

/** All of it on the thread that made it, at either end. */
export const subject = createThreads({});
