export type { ArrayDescription, ArrayProgress } from './array-description.ts';
export type { ArrayPort, ArrayPortOptions, ArrayPortSource, ArrayReceiver } from './array-port.ts';
export type { LargeArray, LargeArrayType } from './array-types.ts';
export { type ArrayErrorName, ArrayErrorNumber, ArrayTransferError } from './errors.ts';
export type { IncomingObserver } from './incoming-arrays.ts';
export { type ArrayOnItsWay, LargeArrayTransfer, type LargeArrayTransferOptions } from './large-array-transfer.ts';
export type { SendArrayOptions } from './outgoing-array.ts';
