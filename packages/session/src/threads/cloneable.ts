import * as protocol from '@tcpcomm/protocol';

/** An error on its way to another thread: a clone of one would lose its class and its code. */
interface ClonedError {
  readonly [CLONED_ERROR]: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly hasCause: boolean;
  readonly cause: unknown;
}

const CLONED_ERROR = '@tcpcomm/error';
/** Deeper than any of ours; what refers to itself ends here. */
const MAX_DEPTH = 16;

const ERROR_CLASSES: Readonly<Record<string, { readonly prototype: Error }>> = {
  ...{ Error, TypeError, RangeError, AggregateError },
  TcpCommError: protocol.TcpCommError,
  UsageError: protocol.UsageError,
  ProtocolError: protocol.ProtocolError,
  PeerError: protocol.PeerError,
  SessionClosedError: protocol.SessionClosedError,
  ConnectionLostError: protocol.ConnectionLostError,
  ConnectionRejectedError: protocol.ConnectionRejectedError,
  LimitError: protocol.LimitError,
  TransferError: protocol.TransferError,
  RequestError: protocol.RequestError,
  ReplyError: protocol.ReplyError,
  InvalidMessageError: protocol.InvalidMessageError,
  TimeoutError: protocol.TimeoutError,
};

/**
 * The same with errors in a form that another thread can make errors of again: plain objects and arrays are looked into. What cannot cross at all, as a
 * socket that an error tells of, is left out.
 */
export function toCloneable(value: unknown, depth = 0): unknown {
  if (value instanceof Error) return toClonedError(value, depth);
  if (depth > MAX_DEPTH) return undefined;
  if (Array.isArray(value)) return value.map((entry) => toCloneable(entry, depth + 1));
  if (isPlain(value)) return mapValues(value, (entry) => toCloneable(entry, depth + 1));
  return isCloneable(value) ? value : undefined;
}

/** Of values that are looked into no further. */
function isCloneable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function' && typeof value !== 'symbol';
  if (ArrayBuffer.isView(value)) return true;
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

/** What `toCloneable` was given, with its errors of the class and with the properties that they had. */
export function fromCloneable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromCloneable);
  if (!isPlain(value)) return value;
  return isClonedError(value) ? toError(value) : mapValues(value, fromCloneable);
}

function toClonedError(error: Error, depth: number): ClonedError {
  return {
    [CLONED_ERROR]: classOf(error),
    message: error.message,
    stack: error.stack,
    properties: mapValues(error, (entry) => toCloneable(entry, depth + 1)),
    hasCause: 'cause' in error,
    cause: depth < MAX_DEPTH ? toCloneable(error.cause, depth + 1) : undefined,
  };
}

function toError({ message, stack, properties, hasCause, cause, ...rest }: ClonedError): Error {
  const { prototype } = ERROR_CLASSES[rest[CLONED_ERROR]] ?? Error;
  const options = hasCause ? { cause: fromCloneable(cause) } : undefined;
  const error = Object.setPrototypeOf(new Error(message, options), prototype) as Error;
  if (stack !== undefined) error.stack = stack;
  return Object.assign(error, fromCloneable(properties));
}

/** The first class of the error that the other thread knows. */
function classOf(error: Error): string {
  for (let at: unknown = Object.getPrototypeOf(error); at !== null; at = Object.getPrototypeOf(at)) {
    const name = Object.keys(ERROR_CLASSES).find((key) => ERROR_CLASSES[key]?.prototype === at);
    if (name !== undefined) return name;
  }
  return 'Error';
}

function isClonedError(value: object): value is ClonedError {
  return CLONED_ERROR in value;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function mapValues(object: object, map: (value: unknown) => unknown): Record<string, unknown> {
  const entries: [string, unknown][] = Object.entries(object);
  return Object.fromEntries(entries.map(([key, value]) => [key, map(value)]));
}
