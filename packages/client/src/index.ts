export type { ClientCallback, ClientMessageHandler, ClientOptions } from './client-options.ts';
export { type ConnectOptions, TcpCommClient } from './tcp-comm-client.ts';
export type {
  Channel,
  ChannelDelivery,
  ChannelOptions,
  CloseOptions,
  CloseReason,
  CloseReport,
  FileAccessOptions,
  FileTransfer,
  GetFileOptions,
  Notice,
  NoticeKind,
  SendFileOptions,
  SendOptions,
  TransferProgress,
  TransferResult,
} from '@tcpcomm/session';
