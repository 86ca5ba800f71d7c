import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { subjectNodeArguments } from '../harness/node-arguments.ts';
import type { Endpoint } from '../harness/subject.ts';
import { type Link, type LinkShape, MIN_QUEUE_MS } from './link.ts';
import type { RelayOrder } from './relay-runner.ts';

const RUNNER_PATH = fileURLToPath(new URL(`relay-runner${extname(import.meta.url)}`, import.meta.url));

/** A relay of ours between the two ends, in a process of its own; both ends on 127.0.0.1. Works everywhere. */
export async function openRelayLink(shape: LinkShape): Promise<Link> {
  const child = fork(RUNNER_PATH, [], {
    execArgv: subjectNodeArguments(),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit').catch((error: unknown) => [error]);
  const failed = ended.then(() => {
    throw new Error('the relay between the two ends has ended');
  });
  failed.catch(() => undefined);
  return {
    serverHost: '127.0.0.1',
    launchers: { server: [], client: [] },
    failed,
    reach: (target) => Promise.race([order(child, { target, shape }), failed]),
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

export function describeRelayLink({ megabitsPerSecond, roundTripMs }: LinkShape): string {
  const trip = roundTripMs > 0 ? `, ${roundTripMs} ms there and back` : '';
  return `A relay of ours in a process of its own, ${megabitsPerSecond} Mbit/s each way${trip}, where up to ${Math.max(roundTripMs, MIN_QUEUE_MS)} ms wait for their turn.`;
}

async function order(child: ChildProcess, { target, shape }: RelayOrder): Promise<Endpoint> {
  const answered = once(child, 'message');
  child.send({ target, shape } satisfies RelayOrder);
  const [endpoint] = (await answered) as [Endpoint];
  return endpoint;
}
