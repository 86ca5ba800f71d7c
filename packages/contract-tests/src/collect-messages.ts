import type { Session } from '@tcpcomm/session';

export interface ReceivedMessage {
  readonly channel: number;
  readonly bytes: Uint8Array;
}

/** The next `count` messages of a session. Rejects when it ends before. */
export function collectMessages(session: Session, count: number): Promise<ReceivedMessage[]> {
  return new Promise((resolve, reject) => {
    const received: ReceivedMessage[] = [];
    const leave = () => {
      session.off('message', take);
      session.off('close', fail);
    };
    const take = (bytes: Uint8Array, channel: number) => {
      received.push({ bytes: bytes.slice(), channel });
      if (received.length < count) return;
      leave();
      resolve(received);
    };
    const fail = () => {
      leave();
      reject(new Error(`the session ended after ${received.length} of ${count} messages`));
    };
    session.on('message', take);
    session.on('close', fail);
  });
}

/** The next `count` messages of a session as texts. */
export async function collectTexts(session: Session, count: number): Promise<string[]> {
  const decoder = new TextDecoder();
  return (await collectMessages(session, count)).map(({ bytes }) => decoder.decode(bytes));
}
