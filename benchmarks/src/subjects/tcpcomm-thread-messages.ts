import { createTcpcommMessages } from './tcpcomm-messages-subject.ts';

/** The client's session is on a thread of its own, and its messages cross to the one that takes them. */
export const subject = createTcpcommMessages({}, { thread: true });
