import { frameTypeName, ProtocolError, WireError } from '@tcpcomm/protocol';

/** A frame that does not fit the state of its transfer, or that transfer is unknown. */
export function unexpectedTransferFrame(type: number, transferId: number, state: string): ProtocolError {
  return new ProtocolError(
    WireError.INVALID_TRANSFER,
    `unexpected ${frameTypeName(type)} for transfer ${transferId}, which is ${state}`,
  );
}
