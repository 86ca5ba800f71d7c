import { TcpCommClient } from '@tcpcomm/client';
import { TcpCommServer } from '@tcpcomm/server';
import { createSessionsSubject } from './sessions-subject.ts';

const MESSAGES_CHANNEL = 1;
/** Where the client asks and the server answers. */
const QUESTIONS_CHANNEL = 2;
/** More than a suite wants, even if it is scaled. */
const MAX_SESSIONS = 1_000_000;

/** Ours: default options, but no throttle and no limit of sessions. Clients are such as connect again when they are cut off. */
export const subject = createSessionsSubject({
  async listen(host, answer) {
    let acceptedCount = 0;
    const server = new TcpCommServer({
      bytesPerSecond: 0,
      maxSessions: MAX_SESSIONS,
      onMessage: (bytes, channel, session) => {
        if (channel === MESSAGES_CHANNEL) void session.sendBytes(bytes, channel);
        else void answer(textOf(bytes)).then((text) => session.sendText(text, channel));
      },
    });
    server.on('session', () => {
      acceptedCount += 1;
    });
    const { port } = await server.start({ port: 0, host });
    return {
      port,
      get openCount() {
        return server.sessions.size;
      },
      get acceptedCount() {
        return acceptedCount;
      },
      close: async () => {
        await server.close({ drainMs: 0 });
      },
    };
  },

  async connect({ host, port }, hear) {
    let handleAnswer = (_text: string): void => undefined;
    const client = new TcpCommClient({
      onMessage: (bytes, channel) => {
        if (channel === MESSAGES_CHANNEL) hear(bytes);
        else handleAnswer(textOf(bytes));
      },
    });
    await client.connect(host, port);
    return {
      send: (message) => void client.sendBytes(message, MESSAGES_CHANNEL),
      ask: async (question) => {
        const answered = new Promise<string>((resolve) => {
          handleAnswer = resolve;
        });
        await client.sendText(question, QUESTIONS_CHANNEL);
        return answered;
      },
      close: async () => {
        await client.close();
      },
    };
  },
});

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
