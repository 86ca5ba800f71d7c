/** What can become of an array, as numbers travel and names are seen: the numbers 112 to 127 of docs/PROTOCOL.md §10. */
export const ArrayErrorNumber = {
  /** Larger than the receiver takes, or than it has memory for. */
  ARRAY_TOO_LARGE: 112,
  /** A description that does not fit, bytes beyond it, a number used twice: somebody broke the format. */
  ARRAY_INVALID: 113,
  /** A program did not want to go on. */
  ARRAY_ABORTED: 114,
  /** More at once than the receiver takes. */
  TOO_MANY_ARRAYS: 115,
  /** The memory of the array was transferred or shrunk while it was sent. */
  ARRAY_SOURCE_GONE: 116,
} as const;

export type ArrayErrorName = keyof typeof ArrayErrorNumber;

const nameByNumber = new Map(Object.entries(ArrayErrorNumber).map(([name, number]) => [number as number, name]));

/**
 * An array did not get across. Programs test `code`, which is stable; people read `message`. `side` tells at whose end the cause
 * lies.
 */
export class ArrayTransferError extends Error {
  override readonly name = 'ArrayTransferError';
  /** `ERR_TCPCOMM_` and the name; `ERR_TCPCOMM_UNKNOWN` for a number that a peer of a later version has sent. */
  readonly code: string;
  readonly number: number;
  readonly side: 'local' | 'remote';

  constructor(reason: ArrayErrorName | number, message: string, side: 'local' | 'remote', options?: ErrorOptions) {
    super(message, options);
    this.number = typeof reason === 'number' ? reason : ArrayErrorNumber[reason];
    this.code = `ERR_TCPCOMM_${nameByNumber.get(this.number) ?? 'UNKNOWN'}`;
    this.side = side;
  }
}

/** The peer has sent what the format does not allow. */
export function invalid(message: string): ArrayTransferError {
  return new ArrayTransferError('ARRAY_INVALID', message, 'remote');
}
