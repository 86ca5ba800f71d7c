import { writeFile } from 'node:fs/promises';
import { TcpCommClient } from '@tcpcomm/client';
import { TcpCommServer } from '@tcpcomm/server';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, createTemporaryFolder, testBytes, waitUntil } from '@tcpcomm/test-support';

checkForLeaks();

const NOTICES = 255;

/** A server and a client with classic callbacks, each with a folder to offer, and what they were called with. */
async function startClassic(options: { readonly isClientFolderOffered?: boolean } = {}) {
  const folder = createTemporaryFolder();
  const atServer: string[] = [];
  const atClient: string[] = [];
  const decoder = new TextDecoder();
  const files = { root: folder.path };
  const server = new TcpCommServer(
    (bytes, sessionId, channel) => {
      atServer.push(`${sessionId}/${channel} ${decoder.decode(bytes)}`);
    },
    { files, bytesPerSecond: 0 },
  );
  const client = new TcpCommClient(
    (bytes, channel) => {
      atClient.push(`${channel} ${decoder.decode(bytes)}`);
    },
    { machineId: 'classic', ...(options.isClientFolderOffered !== false && { files }) },
  );
  const { port } = await server.start({ port: 0, host: '127.0.0.1' });
  await client.connect('127.0.0.1', port);
  const heard = (log: readonly string[], entry: string) => waitUntil(`"${entry}" is heard`, () => log.includes(entry));
  return {
    server,
    client,
    folder,
    atServer,
    atClient,
    serverHears: (sessionId: number, text: string) => heard(atServer, `${sessionId}/${NOTICES} ${text}`),
    clientHears: (text: string) => heard(atClient, `${NOTICES} ${text}`),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([client.close({ drainMs: 0 }), server.close({ drainMs: 0 })]);
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe('the classic callback', () => {
  it('hears the life of a server and a session, in these words and this order', async () => {
    await using classic = await startClassic();
    await classic.client.close();
    await classic.serverHears(1, 'Session Stopped. (1)');
    await classic.server.close();
    expect(classic.atServer).toEqual([
      '0/255 Listening...',
      '1/255 Session#1 MachineID:classic',
      '1/255 Session Stopped. (1)',
      '0/255 Server Stopped.',
    ]);
    expect(classic.atClient).toEqual(['255 Connected.', '255 Disconnected.']);
  });

  it('hears messages on their channel, and UBS when its own bytes are sent', async () => {
    await using classic = await startClassic();
    await classic.client.sendText('to the server', 7);
    await classic.clientHears('UBS');
    await waitUntil('the message is there', () => classic.atServer.includes('1/7 to the server'));
    await classic.server.sendText('to the client', 8);
    await classic.serverHears(1, 'UBS');
    await waitUntil('the message is there', () => classic.atClient.includes('8 to the client'));
  });

  it('hears UBS once for each message, after it has been written', async () => {
    await using classic = await startClassic();
    for (let count = 0; count < 5; count += 1) void classic.client.sendBytes(testBytes(100_000));
    expect(classic.atClient).not.toContain('255 UBS');
    await waitUntil('all are sent', () => classic.atClient.filter((entry) => entry === '255 UBS').length === 5);
  });

  it('hears of files from the server to the client: "->Done"', async () => {
    await using classic = await startClassic();
    await writeFile(classic.folder.join('down.bin'), testBytes(1000));
    await classic.client.getFile('down.bin', { to: classic.folder.join('got.bin') }).done;
    await classic.clientHears('->Done');
    await classic.serverHears(1, '->Done');
    expect(classic.atClient).toContain('255 Receiving file:down.bin');
    expect(classic.atServer).toContain('1/255 Sending file:down.bin');
  });

  it('hears of files from the client to the server: "<-Done"', async () => {
    await using classic = await startClassic();
    await writeFile(classic.folder.join('up.bin'), testBytes(1000));
    await classic.client.sendFile(classic.folder.join('up.bin'), { as: 'stored.bin' }).done;
    await classic.clientHears('<-Done');
    await classic.serverHears(1, '<-Done');
    expect(classic.atClient).toContain('255 Sending file:stored.bin');
    expect(classic.atServer).toContain('1/255 Receiving file:stored.bin');
  });

  it('hears of a cancelled file: "->Aborted." at both ends', async () => {
    await using classic = await startClassic();
    await writeFile(classic.folder.join('big.bin'), testBytes(30_000_000));
    const file = classic.client.getFile('big.bin', { to: classic.folder.join('got.bin') });
    await classic.clientHears('Receiving file:big.bin');
    file.cancel();
    await expect(file.done).rejects.toMatchObject({ code: 'ERR_TCPCOMM_TRANSFER_CANCELLED' });
    await classic.clientHears('->Aborted.');
    await classic.serverHears(1, '->Aborted.');
  });

  it('hears why a file failed: "ERR: " and the reason, and no beginning', async () => {
    await using classic = await startClassic();
    const file = classic.client.getFile('missing.bin', { to: classic.folder.path });
    await expect(file.done).rejects.toThrow();
    await classic.clientHears('ERR: "missing.bin": there is no such file');
    await classic.serverHears(1, 'ERR: "missing.bin": there is no such file');
    expect(classic.atClient.some((entry) => entry.includes('Receiving') || entry.includes('Aborted'))).toBe(false);
  });

  it('that throws hears of it itself, and goes on', async () => {
    const heard: string[] = [];
    await using server = new TcpCommServer((bytes, _sessionId, channel) => {
      const text = new TextDecoder().decode(bytes);
      heard.push(`${channel} ${text}`);
      if (channel !== NOTICES) throw new Error(`not ${text} again`);
    });
    const { port } = await server.start({ port: 0, host: '127.0.0.1' });
    await using client = new TcpCommClient();
    await client.connect('127.0.0.1', port);
    await client.sendText('a', 1, { confirm: true });
    await client.sendText('b', 1, { confirm: true });
    expect(heard.slice(2)).toEqual(['1 a', '255 ERR: not a again', '1 b', '255 ERR: not b again']);
  });

  it('that returns a promise gets its channel one message at a time', async () => {
    const log: string[] = [];
    await using server = new TcpCommServer(async (bytes, _sessionId, channel) => {
      if (channel === NOTICES) return;
      log.push(`begin ${new TextDecoder().decode(bytes)}`);
      await Promise.resolve();
      log.push('end');
    });
    const { port } = await server.start({ port: 0, host: '127.0.0.1' });
    await using client = new TcpCommClient();
    await client.connect('127.0.0.1', port);
    void client.sendText('a');
    await client.sendText('b', 1, { confirm: true });
    expect(log).toEqual(['begin a', 'end', 'begin b', 'end']);
  });
});

describe('notices as events', () => {
  it('carry their kind, the session and what they are about', async () => {
    await using classic = await startClassic();
    const notices: object[] = [];
    classic.server.on('notice', (notice) => notices.push(notice));
    await writeFile(classic.folder.join('a'), 'a');
    const file = classic.client.sendFile(classic.folder.join('a'), { as: 'b' });
    await file.done;
    await classic.serverHears(1, '<-Done');
    expect(notices).toEqual([
      {
        kind: 'transfer-started',
        text: 'Receiving file:b',
        sessionId: 1,
        transfer: expect.objectContaining({ name: 'b' }) as object,
      },
      {
        kind: 'transfer-done',
        text: '<-Done',
        sessionId: 1,
        transfer: expect.objectContaining({ name: 'b' }) as object,
      },
    ]);
  });
});
