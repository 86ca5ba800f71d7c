import { createTcpcommLatency } from './tcpcomm-latency-subject.ts';

/** More than any link holds: all is handed to the kernel as fast as that takes it. */
const UNBOUNDED_BYTES = 2 ** 40;

/** Without the in-flight window: what the priorities alone are worth. */
export const subject = createTcpcommLatency({ minInFlightBytes: UNBOUNDED_BYTES, maxInFlightBytes: UNBOUNDED_BYTES });
