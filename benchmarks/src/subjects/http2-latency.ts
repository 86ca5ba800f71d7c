import { createHttp2Latency } from './http2-latency-subject.ts';

/** With the windows that it has by itself. */
export const subject = createHttp2Latency(undefined);
