import { TransferError, WireError } from '@tcpcomm/protocol';

/** What the file system says, in the words of the protocol. */
const NUMBER_OF_ERRNO: Readonly<Record<string, WireError>> = {
  ENOENT: WireError.FILE_NOT_FOUND,
  ENOTDIR: WireError.FILE_NOT_FOUND,
  EISDIR: WireError.NOT_A_FILE,
  EACCES: WireError.FILE_ACCESS_DENIED,
  EPERM: WireError.FILE_ACCESS_DENIED,
  EROFS: WireError.FILE_ACCESS_DENIED,
  ELOOP: WireError.PATH_OUTSIDE_ROOT,
  ENAMETOOLONG: WireError.INVALID_FILE_NAME,
  EEXIST: WireError.FILE_EXISTS,
  ENOSPC: WireError.DISK_FULL,
  EDQUOT: WireError.DISK_FULL,
};

const SENTENCES: Partial<Record<WireError, string>> = {
  [WireError.FILE_NOT_FOUND]: 'there is no such file',
  [WireError.NOT_A_FILE]: 'expected a file, found something else',
  [WireError.FILE_ACCESS_DENIED]: 'access is denied',
  [WireError.PATH_OUTSIDE_ROOT]: 'the path leads out of the offered folder',
  [WireError.INVALID_FILE_NAME]: 'the name is not valid here',
  [WireError.FILE_EXISTS]: 'the file exists already',
  [WireError.DISK_FULL]: 'the disk is full',
};

/** A failure at this end for a reason that the protocol has a number for. `name` is the file as the peer knows it. */
export function transferError(
  number: WireError,
  name: string,
  detail = SENTENCES[number],
  cause?: unknown,
): TransferError {
  return new TransferError(number, `${JSON.stringify(name)}: ${detail ?? 'failed'}`, 'local', { cause });
}

/**
 * Turns whatever a file operation threw into a TransferError. The peer gets to see its message, so it speaks of the file by
 * the name that the peer knows, never by a path of this machine; that is in `cause`.
 */
export function toTransferError(error: unknown, name: string): TransferError {
  if (error instanceof TransferError) return error;
  const errno = (error as NodeJS.ErrnoException | undefined)?.code;
  const number = NUMBER_OF_ERRNO[errno ?? ''] ?? WireError.FILE_IO_ERROR;
  const detail = number === WireError.FILE_IO_ERROR ? `the file system reports ${errno ?? 'an error'}` : undefined;
  return transferError(number, name, detail ?? SENTENCES[number], error);
}

/** The error for a place to write to that is not there, so that nobody looks for the file instead. */
export function missingFolder(error: unknown, name: string): TransferError | undefined {
  const errno = (error as NodeJS.ErrnoException).code;
  if (errno !== 'ENOENT' && errno !== 'ENOTDIR') return undefined;
  return transferError(WireError.FILE_NOT_FOUND, name, 'there is no folder to put it into', error);
}
