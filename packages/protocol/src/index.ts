export {
  type ControlFrameType,
  type ControlMessage,
  decodeControlMessage,
  encodeControlMessage,
  type ErrorNotice,
  type FileAbort,
  type FileAccept,
  type FileDone,
  type FileEnd,
  type FileOffer,
  type FileRequest,
  type GoAway,
  type Hello,
  isControlFrameType,
  type Reject,
  type Settings,
  toSentence,
  type Welcome,
} from './control-messages.ts';
export {
  ACK_PAYLOAD_BYTES,
  COUNTER_BYTES,
  CREDIT_PAYLOAD_BYTES,
  PING_PAYLOAD_BYTES,
  readCounter,
  writeCounter,
} from './counters.ts';
export {
  ConnectionLostError,
  ConnectionRejectedError,
  LimitError,
  PeerError,
  ProtocolError,
  SessionClosedError,
  TcpCommError,
  type TcpCommErrorOptions,
  TimeoutError,
  TransferError,
  UsageError,
} from './errors.ts';
export { FrameDecoder, type FrameSink } from './frame-decoder.ts';
export { encodeFrame, FRAME_HEADER_BYTES, type FrameHeader, writeFrameHeader } from './frame-header.ts';
export { frameTypeName, FrameType, isKnownFrameType, isSkippableFrameType, MessageFlag } from './frame-type.ts';
export {
  CONTROL_CHANNEL,
  DEFAULT_RECEIVE_LIMITS,
  FILE_TO_CLIENT_CHANNEL,
  FILE_TO_SERVER_CHANNEL,
  MAX_ANNOUNCED_BYTES,
  MAX_CHANNEL,
  MAX_CONTROL_FRAME_BYTES,
  MAX_FRAME_LENGTH,
  MAX_HANDSHAKE_FRAME_BYTES,
  MAX_MACHINE_ID_LENGTH,
  MIN_CHANNEL,
  MIN_MAX_FRAME_BYTES,
  NOTICE_CHANNEL,
  type ReceiveLimits,
} from './limits.ts';
export { PayloadCollector } from './payload-collector.ts';
export {
  encodePreface,
  foreignAnswer,
  PREFACE_BYTES,
  prefaceError,
  type PrefaceVerdict,
  PROTOCOL_VERSION,
  recognizePreface,
} from './preface.ts';
export {
  requireBoolean,
  requireBytes,
  requireChannel,
  requireDurationMs,
  requireFunction,
  requireInteger,
  requireNumber,
  requireOneOf,
  requireOptions,
  requireRate,
  requireSignal,
  requireText,
} from './requirements.ts';
export { codeOfWireError, WireError, type WireErrorName } from './wire-error.ts';
