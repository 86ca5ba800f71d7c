import { TcpCommClient } from '@tcpcomm/client';
import { Interruption } from '@tcpcomm/demo-server';
import { adviceFor } from './advice.ts';
import type { ClientReport } from './client-report.ts';
import type { CommonOptions } from './common-options.ts';

/** What a command works with. */
export interface CommandContext {
  readonly client: TcpCommClient;
  readonly report: ClientReport;
  readonly options: CommonOptions;
  readonly interruption: Interruption;
}

export interface CommandSteps {
  /** Looks at what was given, before there is a connection; throws what is wrong with it. */
  readonly check?: () => Promise<void>;
  /** Does the work; throws when it failed. */
  readonly act: (context: CommandContext) => Promise<void>;
}

/**
 * Connects, does what the command does, and says goodbye in every case. Returns the exit status: 0 when all went well, 1 when it
 * did not, 130 when Ctrl-C ended it.
 *
 * The program is to end by itself afterwards, not by `process.exit`: a cancelled transfer may still be clearing up.
 */
export async function runCommand(options: CommonOptions, report: ClientReport, steps: CommandSteps): Promise<number> {
  using interruption = new Interruption(() => process.exit(interruption.exitStatus));
  const { host, port, timeoutMs, machineId } = options;
  const client = new TcpCommClient({ machineId });
  try {
    await steps.check?.();
    await client.connect(host, port, { timeoutMs, signal: interruption.signal });
    await steps.act({ client, report, options, interruption });
    return 0;
  } catch (error) {
    if (interruption.signal.aborted) {
      report.interrupted();
      return interruption.exitStatus;
    }
    report.failed(error as Error, adviceFor(error, options));
    return 1;
  } finally {
    await client.close();
  }
}
