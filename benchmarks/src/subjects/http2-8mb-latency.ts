import { createHttp2Latency } from './http2-latency-subject.ts';

/** With windows that a fast or long link wants. */
export const subject = createHttp2Latency(8 * 1024 * 1024);
