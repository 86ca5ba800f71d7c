import { createTcpcommMessages } from './tcpcomm-messages-subject.ts';

/** The receiver is done with a message when its handler returns, as that of `net` is: what it arrived in is used again. */
export const subject = createTcpcommMessages({ messageMemory: 'lent' });
