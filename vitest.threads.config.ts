import { mergeConfig } from 'vitest/config';
import config from './vitest.config.ts';

const threadedClient = new URL('packages/contract-tests/src/threaded-client.ts', import.meta.url).pathname;

// The contract tests once more, with every client on a thread of its own.
const threaded = mergeConfig(config, {
  plugins: [
    {
      name: 'clients-on-threads',
      enforce: 'pre',
      resolveId: (source: string, importer?: string) =>
        source === '@tcpcomm/client' && importer !== threadedClient ? threadedClient : undefined,
    },
  ],
  test: {
    env: { TCPCOMM_TEST_THREADS: '1' },
    // A hundred clients are a hundred threads, each of which loads its program.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
threaded.test.include = ['packages/{client,contract-tests}/test/**/*.test.ts'];
threaded.test.exclude = [
  ...(threaded.test.exclude ?? []),
  // How a server deals with hundreds of clients that come at the same moment: threads do not.
  '**/admission.test.ts',
  // What comes from another thread is in memory that has come with it, and never lent.
  '**/lent-messages.test.ts',
];

export default threaded;
