import { InvalidMessageError } from '@tcpcomm/protocol';

/** A request is not what its channel takes: who asked is told so. It is no failure of the handler, as any other invalid message is that it meets. */
export class InvalidRequestError extends InvalidMessageError {}
