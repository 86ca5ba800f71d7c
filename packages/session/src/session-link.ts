import type {
  FileAbort,
  FileOffer,
  FileRequest,
  FolderOffer,
  FolderRequest,
  Identified,
  Settings,
  Standing,
} from '@tcpcomm/protocol';
import type { CloseReason } from './engine/ending/close-reason.ts';
import type { IncomingTransfer } from './engine/transfers/incoming-transfer.ts';
import type { OutgoingTransfer } from './engine/transfers/outgoing-transfer.ts';
import { SessionEngine } from './engine/session-engine.ts';
import type { SessionEvents } from './engine/session-engine-options.ts';
import type { FileExchange } from './io/file-exchange.ts';
import type { Transport } from './io/transport.ts';
import type { SessionParts, SessionTerms } from './session-parts.ts';

/** What a session hears from its connection. */
export interface SessionLinkEvents {
  onMessage(channel: number, bytes: Uint8Array, creditBytes: number): void;
  onMessagesWritten(channel: number, messages: number): void;
  onSettings(pace: Settings): void;
  onIdentify(machineId: string): Identified;
  onIdentified(answer: Identified): void;
  onLost(reason: CloseReason): void;
  onClosed(reason: CloseReason): void;
}

/** A connection of a session: the engine, and what moves its bytes. */
export class SessionLink implements SessionEvents {
  readonly terms: SessionTerms;
  readonly engine: SessionEngine;
  readonly transport: Transport;
  readonly #files: FileExchange;
  readonly #events: SessionLinkEvents;

  /**
   * Takes over a transport whose handshake is complete.
   *
   * @param peerTransfers what the peer said of the transfers that an earlier connection has interrupted, if it knows of them
   */
  constructor(
    transport: Transport,
    terms: SessionTerms,
    parts: SessionParts,
    events: SessionLinkEvents,
    peerTransfers: Standing['transfers'] | undefined,
  ) {
    this.terms = terms;
    this.transport = transport;
    this.#events = events;
    this.#files = parts.files;
    this.engine = new SessionEngine({
      role: terms.role,
      conversation: parts.conversation,
      isResumable: terms.isResumable,
      transferIds: parts.transferIds,
      throttle: parts.throttle,
      blockSizeBytes: terms.pace.blockSizeBytes,
      events: this,
      nowMs: performance.now(),
    });
    transport.switchTo(this.engine);
    parts.files.courses.attach(this.engine, peerTransfers);
  }

  onSettings(pace: Settings): void {
    this.#events.onSettings(pace);
  }

  onIdentify(machineId: string): Identified {
    return this.#events.onIdentify(machineId);
  }

  onIdentified(answer: Identified): void {
    this.#events.onIdentified(answer);
  }

  onMessage(channel: number, bytes: Uint8Array, creditBytes: number): void {
    this.#events.onMessage(channel, bytes, creditBytes);
  }

  onMessagesWritten(channel: number, messages: number): void {
    this.#events.onMessagesWritten(channel, messages);
  }

  onFileRequest(transfer: OutgoingTransfer, request: FileRequest): void {
    this.#files.onFileRequest(transfer, request);
  }

  onFileOffer(transfer: IncomingTransfer, offer: FileOffer): void {
    this.#files.onFileOffer(transfer, offer);
  }

  onFolderRequest(transfer: OutgoingTransfer, request: FolderRequest): void {
    this.#files.onFolderRequest(transfer, request);
  }

  onFolderOffer(transfer: IncomingTransfer, offer: FolderOffer): void {
    this.#files.onFolderOffer(transfer, offer);
  }

  onAbandoned(id: number, abort: FileAbort): void {
    this.#files.onAbandoned(id, abort);
  }

  onLost(reason: CloseReason): void {
    this.#files.courses.detach();
    this.#events.onLost(reason);
  }

  onClosed(reason: CloseReason): void {
    this.#events.onClosed(reason);
  }
}
