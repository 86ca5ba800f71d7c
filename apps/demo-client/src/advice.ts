import { ArrayTransferError } from '@tcpcomm/large-array';
import { TcpCommError, TransferError } from '@tcpcomm/protocol';
import type { CommonOptions } from './common-options.ts';
import { IncompleteFolderError } from './incomplete-folder-error.ts';

const RUN = 'npx --yes pnpm@12';

/** What to do next about an error, where something can be done. */
export function adviceFor(error: unknown, { host, port }: Pick<CommonOptions, 'host' | 'port'>): string | undefined {
  if (error instanceof IncompleteFolderError)
    return 'Run the same command again for these; the others need not be sent again.';
  if (error instanceof ArrayTransferError) {
    return error.code === 'ERR_TCPCOMM_ARRAY_TOO_LARGE' ? 'Choose a smaller --width or --height.' : 'Try again.';
  }
  if (!(error instanceof TcpCommError)) return undefined;
  const startServer = `${RUN} demo:server${port === 60_000 ? '' : ` --port ${port}`}`;
  switch (error.code) {
    case 'ERR_TCPCOMM_CONNECT_FAILED':
      return adviceForNetwork(error.cause, host, startServer);
    case 'ERR_TCPCOMM_CONNECT_TIMEOUT':
      return `Check --host and --port; --timeout gives it longer than ten seconds.`;
    case 'ERR_TCPCOMM_PROTOCOL_ERROR':
    case 'ERR_TCPCOMM_UNSUPPORTED_VERSION':
      return `Something else than a tcpcomm server listens on port ${port}: check --port.`;
    case 'ERR_TCPCOMM_MACHINE_ID_TAKEN':
      return 'Choose another with --id, or start the server with --allow-duplicate-ids.';
    case 'ERR_TCPCOMM_MACHINE_ID_BLANK':
      return 'Give one with --id, or start the server with --allow-duplicate-ids.';
    case 'ERR_TCPCOMM_SERVER_FULL':
      return 'Try again when somebody has left.';
    case 'ERR_TCPCOMM_NO_HANDLER':
    case 'ERR_TCPCOMM_INVALID_MESSAGE':
      return `This server takes no questions and no images as this client sends them. Start one of the same version: ${startServer}`;
    case 'ERR_TCPCOMM_REQUEST_TIMEOUT':
      return 'Try again; --timeout gives the server longer than ten seconds.';
    case 'ERR_TCPCOMM_FILES_NOT_OFFERED':
      return `Start the server with a folder to offer: ${startServer} --root FOLDER`;
    case 'ERR_TCPCOMM_FILE_NOT_FOUND':
      return isRemote(error)
        ? "REMOTE is a path below the server's --root, with / between folders; the server makes no folders. demo:client ls shows what is there."
        : 'Check LOCAL.';
    case 'ERR_TCPCOMM_NOT_A_FILE':
      return 'get and send take a folder with -r and a file without; ls takes a folder.';
    case 'ERR_TCPCOMM_PATH_OUTSIDE_ROOT':
    case 'ERR_TCPCOMM_INVALID_FILE_NAME':
      return "Name a path below the server's --root, such as reports/may.pdf: not absolute and without . or .. in it.";
    case 'ERR_TCPCOMM_FILE_EXISTS':
      return 'Choose another name, or say --overwrite replace, or --overwrite rename.';
    case 'ERR_TCPCOMM_FILE_ACCESS_DENIED':
      return `Check the permissions ${isRemote(error) ? 'at the server' : 'on this machine'}.`;
    case 'ERR_TCPCOMM_FILE_BUSY':
      return 'Wait for the other transfer, or choose another name.';
    case 'ERR_TCPCOMM_DISK_FULL':
      return `Make room ${isRemote(error) ? 'at the server' : 'on this machine'} and try again.`;
    case 'ERR_TCPCOMM_SOURCE_CHANGED':
    case 'ERR_TCPCOMM_INTEGRITY_MISMATCH':
      return 'Try again; nothing of the file was kept.';
    case 'ERR_TCPCOMM_CONNECTION_LOST':
    case 'ERR_TCPCOMM_KEEPALIVE_TIMEOUT':
    case 'ERR_TCPCOMM_WRITE_STALLED':
      return 'Run the same command again; get and send go on where they were cut.';
    default:
      return undefined;
  }
}

function adviceForNetwork(cause: unknown, host: string, startServer: string): string {
  switch (errnoOf(cause)) {
    case 'ECONNREFUSED':
      return `Is the server running? Start it in another terminal: ${startServer}`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `There is no machine called ${host} as far as this one knows: check --host.`;
    default:
      return 'Check --host and --port, and that this machine has a network.';
  }
}

/** A name with several addresses fails with all their errors. */
function errnoOf(cause: unknown): string | undefined {
  const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
  return (first as NodeJS.ErrnoException | undefined)?.code;
}

function isRemote(error: TcpCommError): boolean {
  return error instanceof TransferError && error.side === 'remote';
}
