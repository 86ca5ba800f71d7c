import type { FileOffer, FileRequest, FolderOffer, FolderRequest, ReceiveLimits, Settings } from '@tcpcomm/protocol';
import type { TokenBucket } from '@tcpcomm/throttle';
import type { CloseReason } from './engine/ending/close-reason.ts';
import type { IncomingTransfer } from './engine/transfers/incoming-transfer.ts';
import type { OutgoingTransfer } from './engine/transfers/outgoing-transfer.ts';
import type { Role } from './engine/role.ts';
import { SessionEngine } from './engine/session-engine.ts';
import type { SessionEvents } from './engine/session-engine-options.ts';
import { SessionThrottle } from './engine/session-throttle.ts';
import type { FileTransfer } from './file-transfer.ts';
import { FileExchange, type FileExchangeEvents } from './io/file-exchange.ts';
import { allocateMemory } from './io/memory.ts';
import type { Transport } from './io/transport.ts';
import type { SessionSetup } from './session-options.ts';
import { type SessionStats, StatsReader } from './session-stats.ts';

/** What the handshake has settled. */
export interface SessionTerms {
  readonly role: Role;
  readonly sessionId: number;
  readonly machineId: string;
  readonly remoteLimits: ReceiveLimits;
  readonly pace: Settings;
  /** What the session's rate is a share of; at a server only. */
  readonly total?: TokenBucket;
}

/** What a session hears from its connection. */
export interface SessionLinkEvents extends FileExchangeEvents {
  onMessage(channel: number, bytes: Uint8Array, creditBytes: number): void;
  onMessagesWritten(channel: number, messages: number): void;
  onClosed(reason: CloseReason): void;
}

/** A session's connection while there is one: the engine, what moves its bytes, and its files. */
export class SessionLink implements SessionEvents {
  readonly terms: SessionTerms;
  readonly engine: SessionEngine;
  readonly transport: Transport;
  readonly files: FileExchange;
  readonly #events: SessionLinkEvents;
  readonly #throttle: SessionThrottle;
  readonly #stats: StatsReader;
  #pace: Settings;

  /** Takes over a transport whose handshake is complete. */
  constructor(transport: Transport, terms: SessionTerms, setup: SessionSetup, events: SessionLinkEvents) {
    this.terms = terms;
    this.transport = transport;
    this.#events = events;
    this.#pace = terms.pace;
    const nowMs = performance.now();
    this.#stats = new StatsReader(nowMs);
    this.#throttle = new SessionThrottle({
      bytesPerSecond: terms.pace.bytesPerSecond ?? Infinity,
      total: terms.total,
    });
    this.engine = new SessionEngine({
      role: terms.role,
      localLimits: setup.limits,
      remoteLimits: terms.remoteLimits,
      settings: setup.engine,
      throttle: this.#throttle,
      blockSizeBytes: terms.pace.blockSizeBytes,
      events: this,
      allocate: allocateMemory,
      nowMs,
    });
    this.files = new FileExchange(this.engine, terms.role, setup.files, events);
    transport.switchTo(this.engine);
  }

  get pace(): Settings {
    return this.#pace;
  }

  /** Changes the rate from now on; the peer is told. */
  setPace(pace: Settings): void {
    this.onSettings(pace);
    this.engine.setPace(pace);
  }

  /** Sets the session's share of the total beside other sessions. */
  setWeight(weight: number): void {
    this.#throttle.setWeight(weight, performance.now());
    this.engine.reconsider();
  }

  stats(transfers: readonly FileTransfer[]): SessionStats {
    const nowMs = performance.now();
    const stats = transfers.map((transfer) => transfer.stats());
    return this.#stats.read(this.engine.observer.snapshot(nowMs), stats, this.#throttle.bytesPerSecond, nowMs);
  }

  onSettings(pace: Settings): void {
    this.#pace = pace;
    this.#throttle.setRate(pace.bytesPerSecond ?? Infinity, performance.now());
  }

  onMessage(channel: number, bytes: Uint8Array, creditBytes: number): void {
    this.#events.onMessage(channel, bytes, creditBytes);
  }

  onMessagesWritten(channel: number, messages: number): void {
    this.#events.onMessagesWritten(channel, messages);
  }

  onFileRequest(transfer: OutgoingTransfer, request: FileRequest): void {
    this.files.onFileRequest(transfer, request);
  }

  onFileOffer(transfer: IncomingTransfer, offer: FileOffer): void {
    this.files.onFileOffer(transfer, offer);
  }

  onFolderRequest(transfer: OutgoingTransfer, request: FolderRequest): void {
    this.files.onFolderRequest(transfer, request);
  }

  onFolderOffer(transfer: IncomingTransfer, offer: FolderOffer): void {
    this.files.onFolderOffer(transfer, offer);
  }

  onClosed(reason: CloseReason): void {
    this.#throttle.release(performance.now());
    this.#events.onClosed(reason);
  }
}
