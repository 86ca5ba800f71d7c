export type { ArrayPort, ArrayReceiver } from './array-lanes.ts';
export { Channel } from './channel.ts';
export { bytesCodec, type Codec, jsonCodec, textCodec } from './codec.ts';
export { TypedChannel, type TypedChannelOptions, type TypedRequestOptions } from './typed-channel.ts';
export type { ChannelOptions, MessageOwnership } from './channel-settings.ts';
export type { ChannelDelivery, ChannelLoss } from './engine/channel-table.ts';
export type { CloseReason } from './engine/ending/close-reason.ts';
export { errorOfClosing, failureReason, goodbyeReason } from './engine/ending/close-reason.ts';
export { DEFAULT_ENGINE_SETTINGS, type EngineSettings } from './engine/engine-settings.ts';
export { ClientHandshake, type ClientHandshakeEvents, ServerHandshake } from './engine/handshake.ts';
export { GuardedEmitter } from './guarded-emitter.ts';
export { leavesRoomForStanding, tellStanding } from './engine/standing.ts';
export type { LimitedBy } from './engine/engine-observer.ts';
export type { Priority, SendPolicyOptions } from './engine/sending/send-policy.ts';
export { FileTransfer, type FileTransferEvents, type TransferSending, type TransferStats } from './file-transfer.ts';
export {
  type FileAccessOptions,
  type GetFileOptions,
  type GetFolderOptions,
  type ListOptions,
  requireFileAccess,
  type SendFileOptions,
  type SendFolderOptions,
  type TransferOptions,
} from './io/transfer-options.ts';
export type { Integrity } from './io/files/file-hash.ts';
export type { Overwrite } from './io/files/publishing.ts';
export {
  CAN_MOVE_SOCKETS,
  openHandle,
  prepareAccepted,
  type SocketHandle,
  transferableOf,
} from './io/socket-handle.ts';
export { SocketReading } from './io/socket-reading.ts';
export { fromCloneable, toCloneable } from './threads/cloneable.ts';
export { type PortalCalls, SessionPortal, type UserThread } from './threads/session-portal.ts';
export type { FromSession } from './threads/thread-messages.ts';
export { RemoteSession, type RemoteSessionOptions } from './threads/remote-session.ts';
export { Transport } from './io/transport.ts';
export { LocalSession } from './local-session.ts';
export type { Notice, NoticeKind } from './notice.ts';
export type { Reply, ReplyItems, RequestContext, RequestHandler, RequestOptions } from './requests/request-options.ts';
export type { SendOptions } from './send-options.ts';
export type { ChannelStats, SessionStats } from './session-stats.ts';
export type {
  CloseOptions,
  CloseReport,
  ConnectionDetails,
  ReconnectAttempt,
  SessionEventMap,
} from './session-events.ts';
export type { SessionBackend, SessionBackendEvents } from './session-backend.ts';
export type { SessionTerms } from './session-parts.ts';
export { resolveSessionOptions, type SessionOptions, type SessionSetup } from './session-options.ts';
export { Session } from './session.ts';
export type {
  FailedEntry,
  FolderOutcome,
  FolderProgress,
  TransferDirection,
  TransferProgress,
  TransferResult,
  TransferState,
} from './transfer-record.ts';
export type { FolderEntry } from '@tcpcomm/protocol';
