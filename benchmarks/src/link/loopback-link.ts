import { type LinkPlan, NEVER_FAILS } from './link.ts';

/** Nothing in between: both ends on 127.0.0.1. */
export const loopbackPlan: LinkPlan = {
  description: '',
  open: async () => ({
    serverHost: '127.0.0.1',
    launchers: { server: [], client: [] },
    failed: NEVER_FAILS,
    reach: async (endpoint) => endpoint,
    [Symbol.asyncDispose]: async () => undefined,
  }),
};
