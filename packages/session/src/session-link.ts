import type { FileOffer, FileRequest, ReceiveLimits, Settings } from '@tcpcomm/protocol';
import { TokenBucket } from '@tcpcomm/throttle';
import type { CloseReason } from './engine/close-reason.ts';
import type { IncomingTransfer } from './engine/incoming-transfer.ts';
import type { OutgoingTransfer } from './engine/outgoing-transfer.ts';
import type { Role } from './engine/role.ts';
import { SessionEngine, type SessionEvents } from './engine/session-engine.ts';
import { FileExchange, type FileExchangeEvents } from './io/file-exchange.ts';
import type { Transport } from './io/transport.ts';
import type { SessionSetup } from './session-options.ts';

/** What the handshake has settled. */
export interface SessionTerms {
  readonly role: Role;
  readonly sessionId: number;
  readonly machineId: string;
  readonly remoteLimits: ReceiveLimits;
  readonly pace: Settings;
}

/** What a session hears from its connection. */
export interface SessionLinkEvents extends FileExchangeEvents {
  onMessage(channel: number, bytes: Uint8Array, creditBytes: number): void;
  onClosed(reason: CloseReason): void;
}

/** A session's connection while there is one: the engine, what moves its bytes, and its files. */
export class SessionLink implements SessionEvents {
  readonly terms: SessionTerms;
  readonly engine: SessionEngine;
  readonly transport: Transport;
  readonly files: FileExchange;
  readonly #events: SessionLinkEvents;
  readonly #throttle: TokenBucket;
  #pace: Settings;

  /** Takes over a transport whose handshake is complete. */
  constructor(transport: Transport, terms: SessionTerms, setup: SessionSetup, events: SessionLinkEvents) {
    this.terms = terms;
    this.transport = transport;
    this.#events = events;
    this.#pace = terms.pace;
    this.#throttle = new TokenBucket({ bytesPerSecond: terms.pace.bytesPerSecond ?? Infinity });
    this.engine = new SessionEngine({
      role: terms.role,
      localLimits: setup.limits,
      remoteLimits: terms.remoteLimits,
      settings: setup.engine,
      throttle: this.#throttle,
      blockSizeBytes: terms.pace.blockSizeBytes,
      events: this,
      nowMs: performance.now(),
    });
    this.files = new FileExchange(this.engine, setup.files, events);
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

  onSettings(pace: Settings): void {
    this.#pace = pace;
    this.#throttle.setRate(pace.bytesPerSecond ?? Infinity, performance.now());
  }

  onMessage(channel: number, bytes: Uint8Array, creditBytes: number): void {
    this.#events.onMessage(channel, bytes, creditBytes);
  }

  onFileRequest(transfer: OutgoingTransfer, request: FileRequest): void {
    this.files.onFileRequest(transfer, request);
  }

  onFileOffer(transfer: IncomingTransfer, offer: FileOffer): void {
    this.files.onFileOffer(transfer, offer);
  }

  onClosed(reason: CloseReason): void {
    this.#events.onClosed(reason);
  }
}
