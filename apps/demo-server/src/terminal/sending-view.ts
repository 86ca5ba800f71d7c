import type { FileTransfer, LimitedBy, Session } from '@tcpcomm/session';
import { formatDuration } from './quantities.ts';

/** How a file fares at the end that sends it. */
export interface SendingView {
  readonly limitedBy: LimitedBy;
  /** Of the session, undefined while it is not known. */
  readonly roundTripMs: number | undefined;
}

/** Nobody holds a file back of which only no more has been read yet. */
const CULPRITS: Readonly<Record<LimitedBy, string | undefined>> = {
  throttle: 'throttle',
  'peer-window': 'receiver',
  link: 'link',
  application: undefined,
};

export function isLimitedBy(value: unknown): value is LimitedBy {
  return typeof value === 'string' && Object.hasOwn(CULPRITS, value);
}

/** Looks at a transfer of the session; undefined for a file that is received, for its sender knows what holds it back. */
export function viewSending(
  transfer: Pick<FileTransfer, 'stats'>,
  session: Pick<Session, 'stats'>,
): SendingView | undefined {
  const { sending } = transfer.stats();
  return sending && { limitedBy: sending.limitedBy, roundTripMs: session.stats().roundTripMs };
}

/** `throttle`, `link` or `receiver`, for people; undefined where nothing holds the file back. */
export function culpritOf(limitedBy: LimitedBy): string | undefined {
  return CULPRITS[limitedBy];
}

/** `held back by throttle`, and nothing where nothing holds the file back. */
export function formatHoldup(limitedBy: LimitedBy): string {
  const culprit = culpritOf(limitedBy);
  return culprit === undefined ? '' : `held back by ${culprit}`;
}

/** `1.2 ms round trip`, and nothing while it is not known. */
export function formatRoundTrip(roundTripMs: number | undefined): string {
  return roundTripMs === undefined ? '' : `${formatDuration(roundTripMs)} round trip`;
}
