import type { Link } from '../link/link.ts';
import type { Metrics } from './metrics.ts';
import type { Part } from './role-messages.ts';
import type { Load } from './subject.ts';
import { SubjectProcess } from './subject-process.ts';

export interface PairOptions {
  readonly part: Part;
  readonly load: Load;
  /** What is done first, unmeasured. */
  readonly warmUp: Load;
  /** What is between the two; the caller's to dispose of. */
  readonly link: Link;
  /** For Node.js in both processes, before the program. */
  readonly nodeArguments: Readonly<Record<'server' | 'client', readonly string[]>>;
  /** How long all of it may take. */
  readonly limitMs: number;
  /** Ends it at once; `runPair` rejects with its reason. */
  readonly signal: AbortSignal;
}

/**
 * Measures a subject once: starts its server and its client, warms both up, does the load, and ends both whatever happens.
 *
 * @throws Error that says what failed, with what the processes wrote to stderr
 */
export async function runPair(options: PairOptions): Promise<Metrics> {
  options.signal.throwIfAborted();
  const { nodeArguments, link } = options;
  const server = new SubjectProcess('server', nodeArguments.server, link.launchers.server);
  const client = new SubjectProcess('client', nodeArguments.client, link.launchers.client);
  const limit = AbortSignal.timeout(options.limitMs);
  const stop = AbortSignal.any([options.signal, limit]);
  try {
    const metrics = await Promise.race([
      measure(server, client, options),
      server.failed,
      client.failed,
      link.failed,
      abortion(stop),
    ]);
    await client.stop();
    await server.stop();
    return metrics;
  } catch (error) {
    await Promise.all([client.kill(), server.kill()]);
    options.signal.throwIfAborted();
    const what = limit.aborted ? `no result within ${options.limitMs} ms` : (error as Error).message;
    throw new Error([what, ...[server, client].map(errorOutput)].join(''), { cause: error });
  }
}

async function measure(server: SubjectProcess, client: SubjectProcess, options: PairOptions): Promise<Metrics> {
  const { part, load, warmUp, link } = options;
  const endpoint = await server.ask({ kind: 'serve', part, load, host: link.serverHost });
  await client.ask({ kind: 'drive', part, load, endpoint: await link.reach(endpoint) });
  await client.ask({ kind: 'run', load: warmUp });
  await client.ask({ kind: 'check', load: warmUp });
  const before = await Promise.all([server.ask({ kind: 'usage' }), client.ask({ kind: 'usage' })]);
  const metrics = await client.ask({ kind: 'run', load });
  const after = await Promise.all([server.ask({ kind: 'usage' }), client.ask({ kind: 'usage' })]);
  await client.ask({ kind: 'check', load });
  if (after[0] === null || after[1] === null) return metrics;
  const cpuSeconds = (usages: typeof after) => (usages[0]?.cpuSeconds ?? 0) + (usages[1]?.cpuSeconds ?? 0);
  return {
    ...metrics,
    cpuSeconds: cpuSeconds(after) - cpuSeconds(before),
    ...peakMemory(after[0].peakRssMegabytes, after[1].peakRssMegabytes),
  };
}

/** The larger of the two, and each of them where there are two ends: what has but one says 0 for the other. */
function peakMemory(server: number, client: number): Metrics {
  return {
    peakRssMegabytes: Math.max(server, client),
    ...(server > 0 && client > 0 && { serverPeakRssMegabytes: server, clientPeakRssMegabytes: client }),
  };
}

function abortion(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

function errorOutput(process: SubjectProcess): string {
  return process.errorOutput === '' ? '' : `\n${process.role}: ${process.errorOutput}`;
}
