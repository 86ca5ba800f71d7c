import { requireBoolean, requireOptions, requireSignal } from '@tcpcomm/protocol';

export interface SendOptions {
  /**
   * Stops waiting. A message that has been queued is sent all the same; with a signal that has aborted already nothing is
   * queued.
   */
  readonly signal?: AbortSignal;
  /** Wait until the peer's handler has taken the message, instead of until there is room in the queue. Default false. */
  readonly confirm?: boolean;
}

/** @throws UsageError that names the option and what it must be */
export function requireSendOptions(options: SendOptions): void {
  requireOptions('options', options);
  requireSignal('signal', options.signal);
  if (options.confirm !== undefined) requireBoolean('confirm', options.confirm);
}
