export type { RejectedConnection } from './reception.ts';
export type {
  AuthorizationRequest,
  Authorize,
  DuplicatePolicy,
  ServerCallback,
  ServerMessageHandler,
  ServerOptions,
} from './server-options.ts';
export { ServerSession } from './server-session.ts';
export type { SessionCollection } from './session-collection.ts';
export type { ServerHandlers } from './handlers.ts';
export type { LostWorker, ServerInfo, Threading, WorkerInfo } from './server-info.ts';
export type { ServerCloseReport, ServerEventMap } from './server-events.ts';
export { ALL_SESSIONS, type StartOptions, TcpCommServer } from './tcp-comm-server.ts';
export type {
  ChannelDelivery,
  CloseOptions,
  Codec,
  CloseReason,
  ChannelLoss,
  CloseReport,
  ConnectionDetails,
  FailedEntry,
  FileAccessOptions,
  FileTransfer,
  FolderEntry,
  FolderOutcome,
  FolderProgress,
  GetFileOptions,
  GetFolderOptions,
  Integrity,
  ListOptions,
  Notice,
  NoticeKind,
  Overwrite,
  Reply,
  RequestContext,
  RequestHandler,
  RequestOptions,
  SendFileOptions,
  SendFolderOptions,
  SendOptions,
  TransferOptions,
  TransferProgress,
  TransferResult,
  TypedChannel,
  TypedChannelOptions,
  TypedRequestOptions,
} from '@tcpcomm/session';
export { bytesCodec, jsonCodec, textCodec } from '@tcpcomm/session';
export { ReplyError } from '@tcpcomm/protocol';
