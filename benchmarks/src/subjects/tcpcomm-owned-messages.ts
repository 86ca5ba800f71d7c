import { createTcpcommMessages } from './tcpcomm-messages-subject.ts';

/** The default: every message has memory of its own that the receiver may keep, as the chunks of `http2` and the messages of `ws` have. */
export const subject = createTcpcommMessages({});
