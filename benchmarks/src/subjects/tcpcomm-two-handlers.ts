import { createThreads } from './tcpcomm-threads-subject.ts';

/** The same on two workers. */
export const subject = createThreads({ workers: 2, handlers: true });
