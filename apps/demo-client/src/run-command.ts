import { setTimeout } from 'node:timers/promises';
import { type FileTransfer, TcpCommClient } from '@tcpcomm/client';
import { Interruption, type Screen } from '@tcpcomm/demo-server';
import type { Command } from 'commander';
import { adviceFor } from './advice.ts';
import type { ClientReport } from './client-report.ts';
import type { CommonOptions } from './common-options.ts';
import { isConnectionLoss } from './connection-loss.ts';
import { answerServer } from './questions/server-questions.ts';
import type { Retry, RetryPlan } from './retry-plan.ts';

/** What a command works with. */
export interface CommandContext {
  readonly client: TcpCommClient;
  readonly report: ClientReport;
  readonly options: CommonOptions;
  readonly interruption: Interruption;
}

export interface CommandSteps {
  /** Looks at what was given, and makes ready, before there is a connection; throws what is wrong. */
  readonly check?: (circumstances: Omit<CommandContext, 'client'>) => Promise<void>;
  /** Does the work; throws when it failed. */
  readonly act: (context: CommandContext) => Promise<void>;
  /** Whether it may last: then the connection is on a thread of its own. */
  readonly lasts?: boolean;
  /** When to do it again, over another connection, after the connection was lost: of work that goes on where it was cut. */
  readonly retries?: RetryPlan;
}

/** Carries out a command of the command line. */
export type RunSteps = (command: Command, screen: Screen, steps: CommandSteps) => Promise<void>;

const GO_ON = 'Run the same command again to go on.';

/**
 * Connects, does what the command does, and says goodbye in every case. Returns the exit status: 0 when all went well, 1 when it
 * did not, 130 when Ctrl-C ended it.
 *
 * Ctrl-C leaves the session and cancels nothing: what has come of a file is kept for the next time. The program is to end by itself
 * afterwards, not by `process.exit`: a transfer may still be putting in order what it leaves.
 */
export async function runCommand(options: CommonOptions, report: ClientReport, steps: CommandSteps): Promise<number> {
  using interruption = new Interruption(() => process.exit(interruption.exitStatus));
  try {
    await steps.check?.({ options, report, interruption });
    await runUntilDone(options, report, steps, interruption);
    return 0;
  } catch (error) {
    if (interruption.signal.aborted) {
      report.interrupted(steps.retries && GO_ON);
      return interruption.exitStatus;
    }
    report.failed(error as Error, adviceFor(error, options));
    return 1;
  }
}

function followReconnecting(client: TcpCommClient, report: ClientReport): void {
  client.on('reconnecting', ({ attempt }) => {
    if (attempt === 1) report.note('The connection is lost. Attempting to reconnect ...');
  });
  client.on('connected', ({ reconnected, resumed, lost }) => {
    if (!reconnected) return;
    const messages = lost.reduce((sum, loss) => sum + loss.messages, 0);
    report.note(
      resumed
        ? 'Connected again, nothing is lost.'
        : `Connected again to a new session, ${messages} messages are lost.`,
    );
  });
}

/** Makes one attempt after another, until one does it or there is to be no other. */
async function runUntilDone(
  options: CommonOptions,
  report: ClientReport,
  steps: CommandSteps,
  interruption: Interruption,
): Promise<void> {
  const { signal } = interruption;
  for (let hasBeenConnected = false; ; hasBeenConnected = true) {
    const retry = await attempt({ options, report, interruption }, steps, hasBeenConnected);
    if (retry === undefined) return;
    await setTimeout(retry.pauseMs, undefined, { signal });
  }
}

/** Returns when to make another, undefined when it is done. @throws what went wrong, if there is to be no other */
async function attempt(
  circumstances: Omit<CommandContext, 'client'>,
  { act, retries, lasts = false }: CommandSteps,
  hasBeenConnected: boolean,
): Promise<Retry | undefined> {
  const { options, report, interruption } = circumstances;
  const { signal } = interruption;
  const { host, port, timeoutMs, machineId } = options;
  // Work that goes on where it was cut does so over another session too, when the server was started anew.
  const client = new TcpCommClient({ machineId, autoReconnect: retries === undefined, thread: lasts });
  followReconnecting(client, report);
  answerServer(client);
  const leave = () => void client.close({ drainMs: 0 });
  let begun: FileTransfer | undefined;
  client.on('transfer', (transfer) => {
    begun = transfer;
    report.transferBegan(transfer);
  });
  try {
    await client.connect(host, port, { timeoutMs, signal });
    signal.throwIfAborted();
    signal.addEventListener('abort', leave);
    if (hasBeenConnected) report.note('Connected again.');
    await act({ ...circumstances, client });
    return undefined;
  } catch (error) {
    if (signal.aborted || !(await isConnectionLoss(error, client, hasBeenConnected))) throw error;
    const retry = retries?.next(begun?.progress.transferredBytes ?? 0);
    if (retry === undefined) throw error;
    report.retrying(error as Error, retry);
    return retry;
  } finally {
    signal.removeEventListener('abort', leave);
    await client.close();
  }
}
