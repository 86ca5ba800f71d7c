import { createTcpcommLatency } from './tcpcomm-latency-subject.ts';

/** Default options but for the throttle. */
export const subject = createTcpcommLatency({});
