import { formatDuration } from '@tcpcomm/demo-server';
import { TimeoutError } from '@tcpcomm/protocol';
import type { CommandContext } from './run-command.ts';

/** Sends a text and waits until the server's handler has taken it. */
export async function sendText(context: CommandContext, text: string, channel: number): Promise<void> {
  const { client, options, interruption } = context;
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = AbortSignal.any([interruption.signal, timeout]);
  try {
    await client.sendText(text, channel, { confirm: true, signal });
  } catch (error) {
    if (!timeout.aborted) throw error;
    throw new TimeoutError(`the server has not taken the text within ${formatDuration(options.timeoutMs)}`);
  }
}
