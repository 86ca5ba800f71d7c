/**
 * The errors that travel: one table of numbers, names and meanings, the same as in
 * docs/PROTOCOL.md §10 (a test compares the two).
 *
 * The number is what a frame carries; `ERR_TCPCOMM_` + the name is the `code` that a program sees.
 */
export const WireError = {
  /** An orderly goodbye: the application closed the session. */
  CLOSED: 0,
  PROTOCOL_ERROR: 1,
  UNSUPPORTED_VERSION: 2,
  FRAME_TOO_LARGE: 3,
  UNKNOWN_FRAME_TYPE: 4,
  INVALID_CHANNEL: 5,
  FLOW_CONTROL: 6,
  INVALID_CONTROL_MESSAGE: 7,
  UNEXPECTED_FRAME: 8,
  MESSAGE_TOO_LARGE: 9,
  INVALID_ACKNOWLEDGEMENT: 10,
  INVALID_TRANSFER: 11,
  HANDSHAKE_TIMEOUT: 12,
  KEEPALIVE_TIMEOUT: 13,
  INTERNAL_ERROR: 14,
  CONTROL_FLOOD: 15,
  WRITE_STALLED: 16,
  TAKEN_OVER: 17,
  DESTROYED: 18,

  MACHINE_ID_BLANK: 32,
  MACHINE_ID_TAKEN: 33,
  SERVER_FULL: 34,
  SERVER_STOPPED: 35,
  DISCONNECTED_BY_SERVER: 36,
  MACHINE_ID_INVALID: 37,
  NOT_AUTHORIZED: 38,
  SERVER_BUSY: 39,

  FILES_NOT_OFFERED: 64,
  FILE_NOT_FOUND: 65,
  NOT_A_FILE: 66,
  FILE_ACCESS_DENIED: 67,
  INVALID_FILE_NAME: 68,
  PATH_OUTSIDE_ROOT: 69,
  FILE_EXISTS: 70,
  FILE_BUSY: 71,
  DISK_FULL: 72,
  FILE_IO_ERROR: 73,
  SOURCE_CHANGED: 74,
  INTEGRITY_MISMATCH: 75,
  TRANSFER_CANCELLED: 76,
  TOO_MANY_TRANSFERS: 77,
  FOLDER_TOO_LARGE: 78,

  REQUEST_FAILED: 96,
  NO_HANDLER: 97,
  REQUEST_CANCELLED: 98,
  INVALID_MESSAGE: 99,
  REPLY_IN_ITEMS: 100,

  ARRAY_TOO_LARGE: 112,
  ARRAY_INVALID: 113,
  ARRAY_ABORTED: 114,
  TOO_MANY_ARRAYS: 115,
  ARRAY_SOURCE_GONE: 116,
} as const;

export type WireErrorName = keyof typeof WireError;
/** A number of the table; a peer of a later version may send one that is not in it. */
export type WireError = (typeof WireError)[WireErrorName];

const nameByNumber = new Map<number, WireErrorName>(
  Object.entries(WireError).map(([name, number]) => [number, name as WireErrorName]),
);

/** The stable `code` of the error with this number, `ERR_TCPCOMM_UNKNOWN` for a number of a later version. */
export function codeOfWireError(number: number): string {
  return `ERR_TCPCOMM_${nameByNumber.get(number) ?? 'UNKNOWN'}`;
}
