import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { TcpCommClient } from '@tcpcomm/client';
import { TcpCommServer } from '@tcpcomm/server';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, freePort, RawListener, Relay, untyped, waitUntil } from '@tcpcomm/test-support';

checkForLeaks();

const HOST = '127.0.0.1';

/** A process that listens and never accepts, with its queue full: the kernel leaves further connections unanswered. */
async function startDeafServer() {
  const program = `
    const server = require('node:net').createServer().listen(0, '${HOST}', 1, () => {
      require('node:fs').writeSync(1, String(server.address().port));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const child = spawn(process.execPath, ['--eval', program], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [output] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(output.toString());
  const fillers: Socket[] = [];
  let connected = 0;
  // As many as get in; the first that does not shows that the queue is full.
  for (let count = 0; count < 8; count += 1) {
    const socket = connect(port, HOST);
    socket.on('error', () => undefined);
    socket.on('connect', () => (connected += 1));
    fillers.push(socket);
  }
  while (connected < 1) await setImmediate();
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      await Promise.all(
        fillers.map(async (socket) => {
          if (socket.closed) return;
          const closed = once(socket, 'close');
          socket.destroy();
          await closed;
        }),
      );
    },
  };
}

async function connectError(client: TcpCommClient, port: number, options?: Parameters<TcpCommClient['connect']>[2]) {
  return (await client.connect(HOST, port, options).then(
    () => new Error('it connected'),
    (error: unknown) => error,
  )) as Error & { code?: string };
}

describe('connect rejects', () => {
  it('when nobody listens there, and says where and why', async () => {
    await using client = new TcpCommClient();
    const port = await freePort();
    const error = await connectError(client, port);
    expect(error).toMatchObject({ name: 'TcpCommError', code: 'ERR_TCPCOMM_CONNECT_FAILED' });
    expect(error.message).toContain(`cannot connect to 127.0.0.1, port ${port}: `);
    expect(error.message).toContain('ECONNREFUSED');
    expect(error.cause).toBeInstanceOf(Error);
  });

  it('when the name is that of no machine', async () => {
    await using client = new TcpCommClient();
    const error = await client.connect('no-such-host.invalid', 1).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ERR_TCPCOMM_CONNECT_FAILED' });
    expect((error as Error).message).toContain('no-such-host.invalid');
  });

  it('when the server accepts the connection and says nothing, after timeoutMs', async () => {
    await using silent = await RawListener.start();
    await using client = new TcpCommClient();
    const error = await connectError(client, silent.port, { timeoutMs: 50 });
    expect(error).toMatchObject({ name: 'TimeoutError', code: 'ERR_TCPCOMM_CONNECT_TIMEOUT' });
    expect(error.message).toBe('not connected and accepted after 50 ms');
    await (await silent.nextPeer()).waitForEnd();
  });

  it('when the server never accepts the connection, after timeoutMs', async () => {
    await using deaf = await startDeafServer();
    await using client = new TcpCommClient();
    const error = await connectError(client, deaf.port, { timeoutMs: 50 });
    expect(error).toMatchObject({ code: 'ERR_TCPCOMM_CONNECT_TIMEOUT' });
  });

  it('at once when it is given no time', async () => {
    await using silent = await RawListener.start();
    await using client = new TcpCommClient();
    expect(await connectError(client, silent.port, { timeoutMs: 0 })).toMatchObject({
      code: 'ERR_TCPCOMM_CONNECT_TIMEOUT',
    });
  });

  it.each([2 ** 31, 1e15, Infinity])(
    'not at once because its time is longer than a timer can be: %d ms',
    async (timeoutMs) => {
      await using silent = await RawListener.start();
      const client = new TcpCommClient();
      const connecting = connectError(client, silent.port, { timeoutMs });
      await (await silent.nextPeer()).waitForBytes(8);
      // A timer that is set for too long fires after a millisecond.
      const afterMs = performance.now() + 2;
      await waitUntil('that long has passed', () => performance.now() > afterMs);
      await client.close();
      expect(await connecting).toMatchObject({ code: 'ERR_TCPCOMM_SESSION_CLOSED' });
    },
  );

  it('for an empty host, which is nowhere', async () => {
    await using client = new TcpCommClient();
    await expect(client.connect('', 60_000)).rejects.toMatchObject({
      name: 'UsageError',
      message: 'host must be a name or an address, got ""',
    });
  });

  it('for a signal that is none, and may be called again', async () => {
    await using server = new TcpCommServer();
    const { port } = await server.start({ port: 0, host: HOST });
    await using client = new TcpCommClient();
    expect(await connectError(client, port, { signal: untyped(5) })).toMatchObject({
      name: 'UsageError',
      message: 'signal must be an AbortSignal, got 5',
    });
    await client.connect(HOST, port);
  });

  it('with the reason of a signal that aborts, before, while connecting, and while being accepted', async () => {
    await using silent = await RawListener.start();
    await using deaf = await startDeafServer();
    await using client = new TcpCommClient();
    const reason = new Error('changed my mind');
    expect(await connectError(client, silent.port, { signal: AbortSignal.abort(reason) })).toBe(reason);
    for (const port of [deaf.port, silent.port]) {
      const abort = new AbortController();
      const connecting = connectError(client, port, { signal: abort.signal });
      if (port === silent.port) await (await silent.nextPeer()).waitForBytes(8);
      else await setImmediate();
      abort.abort(reason);
      expect(await connecting).toBe(reason);
    }
  });

  it('when the server ends the connection before it has answered', async () => {
    await using listener = await RawListener.start();
    await using client = new TcpCommClient();
    for (const leave of ['end', 'reset'] as const) {
      const connecting = connectError(client, listener.port);
      const peer = await listener.nextPeer();
      await peer.waitForBytes(8);
      peer[leave]();
      expect(await connecting).toMatchObject({ name: 'ConnectionLostError', code: 'ERR_TCPCOMM_CONNECTION_LOST' });
    }
  });

  it.each(['close', 'destroy'] as const)('when %s is called while it connects', async (method) => {
    await using silent = await RawListener.start();
    await using deaf = await startDeafServer();
    for (const port of [deaf.port, silent.port]) {
      const client = new TcpCommClient();
      const connecting = connectError(client, port);
      if (port === silent.port) await (await silent.nextPeer()).waitForBytes(8);
      void client[method]();
      const error = await connecting;
      expect(error).toMatchObject({ name: 'SessionClosedError', code: 'ERR_TCPCOMM_SESSION_CLOSED' });
      expect(error.message).toBe('the client was closed while it was connecting');
      expect((await client.closed).by).toBe('local');
    }
  });

  it('a second time while it connects and when it is connected, and the first is not disturbed', async () => {
    await using server = new TcpCommServer();
    const { port } = await server.start({ port: 0, host: HOST });
    await using client = new TcpCommClient();
    const connecting = client.connect(HOST, port);
    // Neither waits for the other: an answer of another thread may take as long as to connect.
    const meanwhile = [connectError(client, port), client.setMachineId('other')] as const;
    await expect(meanwhile[1]).rejects.toThrow('the machine id cannot change while connecting');
    expect(await meanwhile[0]).toMatchObject({ code: 'ERR_TCPCOMM_USAGE' });
    await connecting;
    expect(await connectError(client, port)).toMatchObject({ code: 'ERR_TCPCOMM_USAGE' });
    expect(server.sessions.size).toBe(1);
  });
});

describe('a client that failed to connect', () => {
  it('may try again, and gets in when there is a server', async () => {
    const port = await freePort();
    await using client = new TcpCommClient({ machineId: 'patient' });
    expect(await connectError(client, port)).toMatchObject({ code: 'ERR_TCPCOMM_CONNECT_FAILED' });
    await using server = new TcpCommServer();
    await server.start({ port, host: HOST });
    await client.connect(HOST, port);
    expect(server.getSession('patient')?.isOpen).toBe(true);
  });

  it('may try again after a timeout and after a refusal, any number of times', async () => {
    await using silent = await RawListener.start();
    await using server = new TcpCommServer();
    const { port } = await server.start({ port: 0, host: HOST });
    await using client = new TcpCommClient({ machineId: '' });
    for (let round = 0; round < 5; round += 1) {
      expect(await connectError(client, silent.port, { timeoutMs: 10 })).toMatchObject({ name: 'TimeoutError' });
      expect(await connectError(client, port)).toMatchObject({ code: 'ERR_TCPCOMM_MACHINE_ID_BLANK' });
    }
    await client.setMachineId('named');
    await client.connect(HOST, port);
    expect(client.isOpen).toBe(true);
  });

  it('is still told of its first connection only: "connected" once, "close" once', async () => {
    await using server = new TcpCommServer();
    const { port } = await server.start({ port: 0, host: HOST });
    const client = new TcpCommClient({ machineId: '' });
    const log: string[] = [];
    for (const event of ['connected', 'disconnected', 'close'] as const) client.on(event, () => log.push(event));
    await connectError(client, port);
    expect(log).toEqual([]);
    await client.setMachineId('named');
    await client.connect(HOST, port);
    await client.close();
    expect(log).toEqual(['connected', 'disconnected', 'close']);
  });
});

it('a signal that aborts after connect has resolved does nothing', async () => {
  await using server = new TcpCommServer();
  const { port } = await server.start({ port: 0, host: HOST });
  await using client = new TcpCommClient();
  const abort = new AbortController();
  await client.connect(HOST, port, { signal: abort.signal, timeoutMs: 5000 });
  abort.abort();
  server.on('message', () => undefined);
  await client.sendText('still there', 1, { confirm: true });
});

it('a hundred clients connect at once, each with a session of its own', async () => {
  await using server = new TcpCommServer();
  const { port } = await server.start({ port: 0, host: HOST });
  const clients = Array.from({ length: 100 }, () => new TcpCommClient());
  await Promise.all(clients.map((client) => client.connect(HOST, port)));
  expect(new Set(clients.map(({ sessionId }) => sessionId)).size).toBe(100);
  for (const client of clients) expect(server.getSession(client.sessionId)?.machineId).toBe(client.machineId);
  await Promise.all(clients.map((client) => client.close()));
});

describe('a network that fails', () => {
  async function connectOverRelay(options: { keepAliveIntervalMs?: number; keepAliveTimeoutMs?: number } = {}) {
    const server = new TcpCommServer(options);
    const { port } = await server.start({ port: 0, host: HOST });
    const relay = await Relay.start(port);
    const client = new TcpCommClient({ ...options, machineId: 'far away', autoReconnect: false });
    await client.connect(HOST, relay.port);
    const session = server.getSession('far away')!;
    const dispose = async () => {
      await Promise.all([client.close({ drainMs: 0 }), server.close({ drainMs: 0 })]);
      await relay[Symbol.asyncDispose]();
    };
    return { server, relay, client, session, [Symbol.asyncDispose]: dispose };
  }

  it.each(['cut', 'reset'] as const)('by a %s is told to both ends as a lost connection', async (how) => {
    await using net = await connectOverRelay();
    const { client, session, server } = net;
    const gone = once(server, 'sessionClosed');
    net.relay[how]();
    for (const reason of [await client.closed, await session.closed]) {
      expect(reason).toMatchObject({ by: 'network', code: 'ERR_TCPCOMM_CONNECTION_LOST', isClean: false });
      expect(reason.error).toMatchObject({ name: 'ConnectionLostError', message: reason.message });
    }
    await gone;
    expect(server.sessions.size).toBe(0);
  });

  it('without a word is noticed by both ends when nothing has come for keepAliveTimeoutMs', async () => {
    await using net = await connectOverRelay({ keepAliveIntervalMs: 20, keepAliveTimeoutMs: 80 });
    net.relay.stop();
    for (const reason of [await net.client.closed, await net.session.closed]) {
      expect(reason).toMatchObject({ by: 'network', code: 'ERR_TCPCOMM_KEEPALIVE_TIMEOUT', isClean: false });
      expect(reason.message).toBe('nothing came from the peer for 80 ms');
    }
  });

  it('is not presumed while both ends have nothing to say: pings keep the session up', async () => {
    await using net = await connectOverRelay({ keepAliveIntervalMs: 10, keepAliveTimeoutMs: 200 });
    const { forth, back } = net.relay.passed;
    // A ping and its answer are 32 bytes: some twenty of them, far more time than the bound.
    while (net.relay.passed.forth < forth + 640 || net.relay.passed.back < back + 640) await setImmediate();
    expect(net.client.isOpen && net.session.isOpen).toBe(true);
  });

  it('at any byte that the client sends or gets ends both sides, and the server lets it in again', async () => {
    await using server = new TcpCommServer();
    const { port } = await server.start({ port: 0, host: HOST });
    server.on('message', () => undefined);
    await using relay = await Relay.start(port);
    const converse = async (): Promise<boolean> => {
      const client = new TcpCommClient({ machineId: 'cut off', autoReconnect: false });
      try {
        await client.connect(HOST, relay.port);
        await client.sendText('a message', 1, { confirm: true });
        return true;
      } catch {
        return false;
      } finally {
        client.destroy();
        await client.closed;
      }
    };
    expect(await converse()).toBe(true);
    const total = { ...relay.passed };
    for (const direction of ['forth', 'back'] as const) {
      for (let bytes = 0; bytes < total[direction]; bytes += 7) {
        relay.cutAfter(direction, bytes);
        // Only the last bytes of all may be missing without harm.
        const isComplete = await converse();
        if (bytes < total[direction] / 2) expect(isComplete, `cut ${direction} after ${bytes} bytes`).toBe(false);
        relay.cutAfter(direction, Infinity);
      }
    }
    expect(await converse()).toBe(true);
  });
});
