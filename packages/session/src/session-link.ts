import type { Standing } from '@tcpcomm/protocol';
import { SessionEngine } from './engine/session-engine.ts';
import type { SessionEvents } from './engine/session-engine-options.ts';
import type { Transport } from './io/transport.ts';
import type { SessionParts, SessionTerms } from './session-parts.ts';

/** A connection of a session: the engine, and what moves its bytes. */
export interface SessionLink {
  readonly terms: SessionTerms;
  readonly engine: SessionEngine;
  readonly transport: Transport;
}

/**
 * Takes over a transport whose handshake is complete.
 *
 * @param peerTransfers what the peer said of the transfers that an earlier connection has interrupted, if it knows of them
 */
export function createSessionLink(
  transport: Transport,
  terms: SessionTerms,
  parts: SessionParts,
  events: SessionEvents,
  peerTransfers: Standing['transfers'] | undefined,
): SessionLink {
  const engine = new SessionEngine({
    role: terms.role,
    conversation: parts.conversation,
    isResumable: terms.isResumable,
    transferIds: parts.transferIds,
    throttle: parts.throttle,
    blockSizeBytes: terms.pace.blockSizeBytes,
    events,
    transferEvents: parts.files,
    nowMs: performance.now(),
  });
  transport.switchTo(engine);
  parts.files.attach(engine, peerTransfers);
  return { terms, engine, transport };
}
