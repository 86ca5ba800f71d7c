import { readFileSync } from 'node:fs';
import { missingPrograms } from '../measure/find-program.ts';
import { type Link, type LinkShape, MIN_QUEUE_MS, NEVER_FAILS } from './link.ts';
import { NetworkNamespace } from './network-namespace.ts';

const ADDRESSES = { server: '10.99.0.1', client: '10.99.0.2' } as const;
const DEVICE = 'veth0';
const MIN_BURST_BYTES = 32_768;
/** The filter is let through so much at once: with less, a fast link never reaches its rate. */
const BURST_MS = 1;

/**
 * Two network namespaces joined by a pair of virtual devices, each with a token bucket filter on what leaves (tc-tbf(8)). The
 * system's own TCP talks over it, with its own buffers and congestion control. Linux, root, and `iproute2`.
 *
 * @throws Error with what is missing or refused
 */
export async function openNamespaceLink(shape: LinkShape): Promise<Link> {
  const missing = missingPrograms(['ip', 'tc', 'unshare', 'nsenter', 'cat']);
  if (missing.length > 0) throw new Error(`not installed here: ${missing.join(', ')}`);
  await using opened = new AsyncDisposableStack();
  const server = opened.use(await NetworkNamespace.create());
  const client = opened.use(await NetworkNamespace.create());
  await server.run('ip', 'link', 'add', DEVICE, 'type', 'veth', 'peer', 'name', DEVICE, 'netns', String(client.pid));
  await Promise.all([attach(server, ADDRESSES.server, shape), attach(client, ADDRESSES.client, shape)]);
  const namespaces = opened.move();
  return {
    serverHost: ADDRESSES.server,
    launchers: { server: server.launcher, client: client.launcher },
    failed: NEVER_FAILS,
    reach: async (endpoint) => endpoint,
    [Symbol.asyncDispose]: () => namespaces.disposeAsync(),
  };
}

export function describeNamespaceLink({ megabitsPerSecond }: LinkShape): string {
  return `Two network namespaces, ${megabitsPerSecond} Mbit/s each way, where up to ${MIN_QUEUE_MS} ms wait for their turn; TCP’s congestion control is ${congestionControl()}.`;
}

async function attach(namespace: NetworkNamespace, address: string, { megabitsPerSecond }: LinkShape): Promise<void> {
  await namespace.run('ip', 'address', 'add', `${address}/24`, 'dev', DEVICE);
  await namespace.run('ip', 'link', 'set', 'lo', 'up');
  await namespace.run('ip', 'link', 'set', DEVICE, 'up');
  const burstBytes = Math.max(MIN_BURST_BYTES, (megabitsPerSecond * 1e6 * BURST_MS) / 8000);
  const rate = ['rate', `${megabitsPerSecond}mbit`, 'burst', `${burstBytes}b`, 'latency', `${MIN_QUEUE_MS}ms`];
  await namespace.run('tc', 'qdisc', 'add', 'dev', DEVICE, 'root', 'tbf', ...rate);
}

/** New namespaces take over the machine's. */
function congestionControl(): string {
  return readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'utf8').trim();
}
