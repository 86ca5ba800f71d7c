import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import ssh2, { type Client, type ClientChannel, type Connection, type ServerChannel } from 'ssh2';
import type { Subject } from '../harness/subject.ts';
import { LatencyMeter } from '../measure/latency-meter.ts';
import { MessageTicker } from '../measure/message-ticker.ts';
import { StampedMessageReader } from '../measure/stamped-message.ts';
import { type LatencyLoad, MESSAGE_INTERVAL_MS, sendingMs, settlingMs } from './latency-load.ts';
import { writeBlocks } from './timed-blocks.ts';

const MESSAGES_COMMAND = 'messages';

/**
 * `ssh2`: messages in one channel, bulk in another, both the output of a command; its ciphers are those of `node:crypto`. It
 * would hand the socket all that the channel's window of 2 MB lets through; here the socket is asked too.
 */
export const subject: Subject<LatencyLoad> = {
  async serve(_load, _folder, host) {
    const hostKey = ssh2.utils.generateKeyPairSync('ed25519').private;
    const listener = createServer({ noDelay: true }, (socket) => {
      const server = new ssh2.Server({ hostKeys: [hostKey] });
      server.on('connection', (connection) => {
        handleConnection(connection, socket);
      });
      server.injectSocket(socket);
    });
    listener.listen(0, host);
    await once(listener, 'listening');
    return {
      endpoint: { host, port: (listener.address() as AddressInfo).port },
      close: async () => {
        listener.close();
      },
    };
  },

  async drive(_load, { host, port }) {
    const meter = new LatencyMeter();
    const client = new ssh2.Client();
    client.connect({ host, port, username: 'bench' });
    await once(client, 'ready');
    client.setNoDelay(true);
    const reader = new StampedMessageReader((message) => meter.handleMessage(message));
    (await execute(client, MESSAGES_COMMAND)).on('data', (bytes: Uint8Array) => reader.read(bytes));
    return {
      run: async (load) => {
        const ended = meter.begin(settlingMs(load));
        const bulk = await execute(client, String(sendingMs(load)));
        bulk.on('data', (bytes: Uint8Array) => meter.handleBulk(bytes.length));
        const [total] = await Promise.all([ended, once(bulk, 'close')]);
        return meter.metrics(total);
      },
      close: async () => {
        client.end();
      },
    };
  },
};

function handleConnection(connection: Connection, socket: Socket): void {
  let messages: ServerChannel | undefined;
  connection.on('error', () => undefined); // the client's end tells what became of the connection
  connection.on('authentication', (authentication) => authentication.accept());
  connection.on('session', (accept) => {
    accept().on('exec', (acceptCommand, _reject, { command }) => {
      const channel = acceptCommand();
      if (command === MESSAGES_COMMAND) messages = channel;
      else void send({ bulk: channel, messages, socket }, Number(command));
    });
  });
}

interface Outlets {
  readonly bulk: ServerChannel;
  readonly messages: ServerChannel | undefined;
  readonly socket: Socket;
}

async function send({ bulk, messages, socket }: Outlets, durationMs: number): Promise<void> {
  const ticker = new MessageTicker(MESSAGE_INTERVAL_MS, (message) => messages?.write(message));
  await writeBlocks(bulk, durationMs, socket);
  ticker.finish();
  bulk.end();
}

function execute(client: Client, command: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) reject(error);
      else resolve(channel);
    });
  });
}
