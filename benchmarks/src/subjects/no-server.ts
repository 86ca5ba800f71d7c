import type { Serving } from '../harness/subject.ts';

/** The server of what has but one end: there is nobody to connect to, and nothing is used. */
export async function serveNothing(): Promise<Serving> {
  return {
    endpoint: { host: '127.0.0.1', port: 0 },
    usage: () => ({ cpuSeconds: 0, peakRssMegabytes: 0 }),
    close: async () => undefined,
  };
}
