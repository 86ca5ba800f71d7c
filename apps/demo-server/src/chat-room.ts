import type { ServerSession, TcpCommServer } from '@tcpcomm/server';

/** Longer ones are not talk. */
const MAX_TEXT_BYTES = 65_536;
/** A client that leaves more than this unread misses what is said until it has caught up. */
const MAX_QUEUED_BYTES = 1_048_576;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** What became of a message. */
export interface ChatMessage {
  /** Undefined for what is not a text, or too long for talk; nobody gets it. */
  readonly text: string | undefined;
  /** How many others it went to. */
  readonly listeners: number;
}

/**
 * Passes a text on to every other session, on the same channel, with the sender's name in front. It waits for nobody: one client
 * that does not read must not hold up the others.
 */
export function passOn(
  server: TcpCommServer,
  bytes: Uint8Array,
  channel: number,
  sender: ServerSession,
  senderName: string,
): ChatMessage {
  const text = decodeText(bytes);
  if (text === undefined) return { text, listeners: 0 };
  const listeners = Array.from(server.sessions).filter(
    (session) => session !== sender && session.isOpen && session.channel(channel).queuedBytes <= MAX_QUEUED_BYTES,
  );
  for (const session of listeners) {
    // One that ends meanwhile needs nothing any more.
    session.sendText(`${senderName}: ${text}`, channel).catch(() => undefined);
  }
  return { text, listeners: listeners.length };
}

function decodeText(bytes: Uint8Array): string | undefined {
  if (bytes.length > MAX_TEXT_BYTES) return undefined;
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
