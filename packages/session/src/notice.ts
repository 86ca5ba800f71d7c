import type { FileTransfer } from './file-transfer.ts';

/** What a notice is about; programs test this, people read its text. */
export type NoticeKind =
  | 'connected'
  | 'reconnecting'
  | 'disconnected'
  | 'listening'
  | 'server-stopped'
  | 'session-started'
  | 'session-suspended'
  | 'session-resumed'
  | 'session-stopped'
  | 'worker-lost'
  | 'bytes-sent'
  | 'transfer-started'
  | 'transfer-resumed'
  | 'transfer-restarted'
  | 'transfer-done'
  | 'transfer-aborted'
  | 'error';

/** Something that happened at this end. Classic callbacks get the text on channel 255; nothing of it travels. */
export interface Notice {
  readonly kind: NoticeKind;
  readonly text: string;
  readonly sessionId?: number;
  readonly channel?: number;
  readonly transfer?: FileTransfer;
  readonly error?: Error;
}
