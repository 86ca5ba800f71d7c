import { defineConfig, mergeConfig } from 'vitest/config';
import config from './vitest.config.ts';

const CLIENTS_ON_THREADS = {
  include: ['packages/{client,contract-tests}/test/**/*.test.ts'],
  exclude: [
    // How a server deals with hundreds of clients that come at the same moment: threads do not.
    '**/admission.test.ts',
    // What comes from another thread is in memory that has come with it, and never lent.
    '**/lent-messages.test.ts',
  ],
};

const SERVERS_ON_THREADS = {
  include: ['packages/{server,contract-tests}/test/**/*.test.ts'],
  // It says itself on what threads its servers are.
  exclude: ['**/lent-messages.test.ts', '**/server-threads.test.ts'],
};

// The contract tests once more: with every client on a thread of its own, or with `--mode moved-sockets` or `--mode reused-port` every server on two.
export default defineConfig(({ mode }) => {
  const isOfServers = mode === 'moved-sockets' || mode === 'reused-port';
  const end = isOfServers ? 'server' : 'client';
  const threadedEnd = new URL(`packages/contract-tests/src/threaded-${end}.ts`, import.meta.url).pathname;
  const { include, exclude } = isOfServers ? SERVERS_ON_THREADS : CLIENTS_ON_THREADS;
  // Each worker has its own part of the connections that may be in their handshake; and a client that comes back comes again and again.
  const ofReusedPort =
    mode === 'reused-port' ? ['**/admission.test.ts', '**/contract-tests/test/reconnecting.test.ts'] : [];
  const threaded = mergeConfig(config, {
    plugins: [
      {
        name: `${end}s-on-threads`,
        enforce: 'pre',
        resolveId: (source: string, importer?: string) =>
          source === `@tcpcomm/${end}` && importer !== threadedEnd ? threadedEnd : undefined,
      },
    ],
    test: {
      env: { TCPCOMM_TEST_THREADS: mode },
      // A hundred clients are a hundred threads, each of which loads its program.
      testTimeout: 60_000,
      hookTimeout: 60_000,
    },
  });
  delete threaded.test.projects;
  threaded.test.include = include;
  threaded.test.exclude = [...(threaded.test.exclude ?? []), ...exclude, ...ofReusedPort];
  return threaded;
});
