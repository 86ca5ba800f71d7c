import { createThreads } from './tcpcomm-threads-subject.ts';

/** The client's session is on a thread of its own, and its messages cross to the one that takes them. */
export const subject = createThreads({ client: true });
