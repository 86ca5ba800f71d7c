import type { TcpCommClient } from '@tcpcomm/client';
import { TcpCommError, TransferError } from '@tcpcomm/protocol';
import { IncompleteFolderError } from './incomplete-folder-error.ts';

/** The connection or the server is gone, which may be back soon. */
const LOST: ReadonlySet<string> = new Set([
  'ERR_TCPCOMM_CONNECTION_LOST',
  'ERR_TCPCOMM_KEEPALIVE_TIMEOUT',
  'ERR_TCPCOMM_WRITE_STALLED',
  'ERR_TCPCOMM_SERVER_STOPPED',
]);

/**
 * What may come after that until all is well again: the server is not back yet, has not noticed that this client was gone, or is still
 * putting in order what came over the connection before.
 */
const NOT_BACK_YET: ReadonlySet<string> = new Set([
  'ERR_TCPCOMM_CONNECT_FAILED',
  'ERR_TCPCOMM_CONNECT_TIMEOUT',
  'ERR_TCPCOMM_MACHINE_ID_TAKEN',
  'ERR_TCPCOMM_SERVER_FULL',
  'ERR_TCPCOMM_FILE_BUSY',
]);

/**
 * Whether what failed may go better over another connection. What the peer refuses, or the disk, fails for good.
 *
 * @param hasBeenConnected whether an attempt before this one had a session; one that nobody ever answered is not made again
 */
export async function isConnectionLoss(
  error: unknown,
  client: TcpCommClient,
  hasBeenConnected: boolean,
): Promise<boolean> {
  if (error instanceof IncompleteFolderError) return hasBeenConnected && error.wasBusy;
  if (!(error instanceof TcpCommError)) return false;
  if (hasBeenConnected && NOT_BACK_YET.has(error.code)) return true;
  if (error instanceof TransferError) return false;
  // What ends with its session fails with an error that need not tell why the session ended.
  const hadSession = client.sessionId !== 0;
  const code = hadSession && !client.isOpen ? (await client.closed).code : error.code;
  return (hadSession || hasBeenConnected) && LOST.has(code);
}
