import type { EventEmitter } from 'node:events';
import { TcpCommClient } from '@tcpcomm/client';
import { TcpCommError, TransferError } from '@tcpcomm/protocol';
import { type ServerSession, TcpCommServer } from '@tcpcomm/server';
import { FileTransfer, type Session, type SessionBackend } from '@tcpcomm/session';
import { describe, expect, it } from 'vitest';
import { checkForLeaks, letEventsRun, RawListener, Relay, untyped, waitUntil } from '@tcpcomm/test-support';
import { connectPair, type End, endsOf, type SessionPair } from '../src/index.ts';

checkForLeaks();

/** What may come of a call: 'returns', 'resolves' or the code of a typed error. */
type Outcome = string;

/** The compiler sees to it that a table has every public method and getter; it may have more. */
type Calls<Subject> = Record<Exclude<keyof Subject, keyof EventEmitter>, (subject: Subject) => unknown> &
  Record<string, (subject: Subject) => unknown>;

const NOTHING_TAKEN = { handleMessage: () => undefined, handleReset: () => undefined, handleEnd: () => undefined };

/** Every public method and getter of a session, with arguments that are right. */
const SESSION_CALLS = {
  sendBytes: (session) => session.sendBytes(Uint8Array.of(1)),
  'sendBytes with confirm': (session) => session.sendBytes(Uint8Array.of(1), 1, { confirm: true }),
  sendText: (session) => session.sendText('text'),
  channel: (session) => session.channel(1),
  'channel.send': (session) => session.channel(1).send(Uint8Array.of(1)),
  'channel.sendText': (session) => session.channel(1).sendText('text'),
  'channel.queuedBytes': (session) => session.channel(1).queuedBytes,
  'channel.stats': (session) => session.channel(1).stats(),
  'channel with a policy': (session) =>
    session.channel(1, { priority: 'low', weight: 2, bytesPerSecond: 1_000_000, highWaterMark: 1 }),
  stats: (session) => session.stats(),
  request: (session) => session.request(1, Uint8Array.of(1)),
  requestStream: (session) => session.requestStream(1, Uint8Array.of(1)).next(),
  onRequest: (session) => session.onRequest(1, () => undefined),
  arrayPort: (session) => session.arrayPort(1).receive(NOTHING_TAKEN),
  'arrayPort.send': (session) => session.arrayPort(1).send(Uint8Array.of(1)),
  getFile: (session) => session.getFile('missing'),
  sendFile: (session) => session.sendFile('/missing'),
  getFolder: (session) => session.getFolder('missing'),
  sendFolder: (session) => session.sendFolder('/missing'),
  list: (session) => session.list(),
  getPercentOfFileReceived: (session) => session.getPercentOfFileReceived(),
  getPercentOfFileSent: (session) => session.getPercentOfFileSent(),
  getIncomingFileName: (session) => session.getIncomingFileName(),
  getOutgoingFileName: (session) => session.getOutgoingFileName(),
  cancelIncomingFileTransfer: (session) => {
    session.cancelIncomingFileTransfer();
  },
  cancelOutgoingFileTransfer: (session) => {
    session.cancelOutgoingFileTransfer();
  },
  getSendQueueSize: (session) => session.getSendQueueSize(),
  getBlocksize: (session) => session.getBlocksize(),
  sessionId: (session) => session.sessionId,
  machineId: (session) => session.machineId,
  remoteAddress: (session) => session.remoteAddress,
  remotePort: (session) => session.remotePort,
  isOpen: (session) => session.isOpen,
  isSuspended: (session) => session.isSuspended,
  deliveries: (session) => session.deliveries,
  close: (session) => session.close({ drainMs: 100 }),
  'close at once': (session) => session.close({ drainMs: 0 }),
  destroy: (session) => {
    session.destroy();
  },
  closed: (session) => {
    session.destroy();
    return session.closed;
  },
  [Symbol.asyncDispose]: (session) => session[Symbol.asyncDispose](),
} satisfies Calls<Session>;
type SessionCall = keyof typeof SESSION_CALLS;

const CLIENT_CALLS = {
  connect: (client) => client.connect('127.0.0.1', 1, { timeoutMs: 1000 }),
  setMachineId: (client) => client.setMachineId('other'),
  getMachineId: (client) => client.getMachineId(),
  cpuMonitor: (client) => client.cpuMonitor.source,
} satisfies Record<Exclude<keyof TcpCommClient, keyof Session>, (client: TcpCommClient) => unknown>;

/** The calls that need a session to be open; all others do something, or nothing, in every state. */
const NEEDS_OPEN: readonly SessionCall[] = [
  'sendBytes',
  'sendBytes with confirm',
  'sendText',
  'channel.send',
  'channel.sendText',
  'request',
  'requestStream',
  'arrayPort.send',
  'getFile',
  'sendFile',
  'getFolder',
  'sendFolder',
  'list',
];

/** States of a session, and what a call that needs an open one throws in it. */
const STATES = ['new', 'connecting', 'connected', 'closing', 'closed', 'destroyed', 'lost', 'suspended'] as const;
type State = (typeof STATES)[number];

const CODE_WHEN_NOT_OPEN: Record<State, string> = {
  new: 'ERR_TCPCOMM_NOT_CONNECTED',
  connecting: 'ERR_TCPCOMM_NOT_CONNECTED',
  connected: '',
  closing: 'ERR_TCPCOMM_SESSION_CLOSED',
  closed: 'ERR_TCPCOMM_SESSION_CLOSED',
  destroyed: 'ERR_TCPCOMM_SESSION_CLOSED',
  lost: 'ERR_TCPCOMM_CONNECTION_LOST',
  // What waits for another connection is told that there will be none.
  suspended: 'ERR_TCPCOMM_SESSION_CLOSED',
};

interface Stage<Subject = Session> extends AsyncDisposable {
  readonly session: Subject;
}

async function clientIn(state: State): Promise<Stage<TcpCommClient>> {
  if (state === 'new') {
    const session = new TcpCommClient();
    return { session, [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() };
  }
  if (state === 'connecting') {
    const silent = await RawListener.start();
    const session = new TcpCommClient();
    const connecting = session.connect('127.0.0.1', silent.port).catch(() => undefined);
    await silent.nextPeer();
    return {
      session,
      [Symbol.asyncDispose]: async () => {
        await session[Symbol.asyncDispose]();
        await connecting;
        await silent[Symbol.asyncDispose]();
      },
    };
  }
  const stage = await sessionIn(state, 'client');
  return { ...stage, session: stage.pair.client };
}

async function sessionIn(state: State, end: End): Promise<Stage & { readonly pair: SessionPair }> {
  let relay: Relay | undefined;
  const route = async (port: number) => (relay = await Relay.start(port)).port;
  // Messages of the other end are consumed, so that a confirmation comes; or not, so that closing takes a while.
  const listening = state === 'closing' ? {} : { onMessage: () => undefined };
  const client = { ...listening, autoReconnect: state === 'suspended' };
  const pair = await connectPair({ server: listening, client, route });
  const { local } = endsOf(pair, end);
  if (state === 'closing') {
    for (let count = 0; count < 3; count += 1) void local.sendBytes(new Uint8Array(1_000_000)).catch(() => undefined);
    void local.close({ drainMs: 100 });
    await waitUntil('the end is closing', () => !local.isOpen);
  }
  if (state === 'closed') await local.close();
  if (state === 'destroyed') local.destroy();
  if (state === 'lost') relay?.reset();
  if (state === 'destroyed' || state === 'lost') await local.closed;
  if (state === 'suspended' && relay) {
    relay.refuses = true;
    relay.reset();
    await waitUntil('the end knows', () => local.isSuspended);
  }
  return {
    session: local,
    pair,
    [Symbol.asyncDispose]: async () => {
      await pair[Symbol.asyncDispose]();
      await relay?.[Symbol.asyncDispose]();
    },
  };
}

/** What comes of a call to a session; of one that is suspended, also when there is no other connection in the end. */
async function outcomeIn(state: State, session: Session, call: () => unknown): Promise<Outcome> {
  const outcome = outcomeOf(call);
  if (state === 'suspended') {
    await letEventsRun(3);
    session.destroy();
  }
  return outcome;
}

/** Runs a call to its end, whatever that is; a transfer is followed to its own. */
async function outcomeOf(call: () => unknown): Promise<Outcome> {
  try {
    const result = call();
    if (result instanceof FileTransfer) {
      await result.done;
      return 'resolves';
    }
    if (!(result instanceof Promise)) return 'returns';
    await result;
    return 'resolves';
  } catch (error) {
    expect(error).toBeInstanceOf(TcpCommError);
    return (error as TcpCommError).code;
  }
}

function expectedOutcome(name: SessionCall, state: State): Outcome | readonly Outcome[] {
  if (NEEDS_OPEN.includes(name)) {
    // They wait for room in the queue; the lane of arrays, until a message has gone.
    const isMessage = ['sendBytes', 'sendText', 'channel.send', 'channel.sendText'].includes(name as string);
    if (state === 'suspended' && isMessage) return 'resolves';
    if (state !== 'connected') return CODE_WHEN_NOT_OPEN[state];
    if (['request', 'requestStream'].includes(name as string)) return 'ERR_TCPCOMM_NO_HANDLER';
    if (['getFile', 'getFolder', 'list'].includes(name as string)) return 'ERR_TCPCOMM_FILES_NOT_OFFERED';
    return name === 'sendFile' || name === 'sendFolder' ? 'ERR_TCPCOMM_FILE_NOT_FOUND' : 'resolves';
  }
  const resolving: readonly SessionCall[] = ['close', 'close at once', 'closed', Symbol.asyncDispose];
  return resolving.includes(name) ? 'resolves' : 'returns';
}

const names = Reflect.ownKeys(SESSION_CALLS) as SessionCall[];

describe.each(STATES)('a client that is %s', (state) => {
  it.each(names)('%s settles or throws as documented', async (name) => {
    await using stage = await clientIn(state);
    expect(await outcomeIn(state, stage.session, () => SESSION_CALLS[name](stage.session))).toBe(
      expectedOutcome(name, state),
    );
  });

  it.each(Object.keys(CLIENT_CALLS) as (keyof typeof CLIENT_CALLS)[])(
    '%s settles or throws as documented',
    async (name) => {
      await using stage = await clientIn(state);
      const expected = {
        connect: {
          new: 'ERR_TCPCOMM_CONNECT_FAILED',
          connecting: 'ERR_TCPCOMM_USAGE',
          connected: 'ERR_TCPCOMM_USAGE',
          closing: 'ERR_TCPCOMM_USAGE',
          closed: 'ERR_TCPCOMM_SESSION_CLOSED',
          destroyed: 'ERR_TCPCOMM_SESSION_CLOSED',
          lost: 'ERR_TCPCOMM_SESSION_CLOSED',
          suspended: 'ERR_TCPCOMM_USAGE',
        }[state],
        setMachineId: {
          new: 'resolves',
          connecting: 'ERR_TCPCOMM_USAGE',
          connected: 'resolves',
          closing: 'ERR_TCPCOMM_SESSION_CLOSED',
          closed: 'ERR_TCPCOMM_SESSION_CLOSED',
          destroyed: 'ERR_TCPCOMM_SESSION_CLOSED',
          lost: 'ERR_TCPCOMM_CONNECTION_LOST',
          suspended: 'ERR_TCPCOMM_SESSION_CLOSED',
        }[state],
        getMachineId: 'returns',
        cpuMonitor: 'returns',
      }[name];
      expect(await outcomeIn(state, stage.session, () => CLIENT_CALLS[name](stage.session))).toBe(expected);
    },
  );
});

/** An applicant that wants a session which is not its own, and leaves. */
const STRANGER = {
  hello: { resume: { sessionId: 1, key: 'nobody knows it', received: {}, transfers: { continued: [], done: [] } } },
  gone: new AbortController().signal,
  moveToWorker: () => Promise.resolve(undefined),
};

/** What only a server's session has. */
const SERVER_SESSION_CALLS = {
  throttleNetworkBps: (session) => {
    session.throttleNetworkBps(1_000_000);
  },
  'throttleNetworkBps to no limit': (session) => {
    session.throttleNetworkBps(0);
  },
  setWeight: (session) => {
    session.setWeight(3);
  },
  setPace: (session) => {
    session.backend.setPace({ blockSizeBytes: 65_536, bytesPerSecond: null });
  },
  reconsider: (session) => {
    session.backend.reconsider();
  },
  handleListening: (session) => {
    session.handleListening();
  },
  closeWith: (session) => session.closeWith(0, 'test', { drainMs: 0 }),
  setShare: (session) => {
    session.backend.setShare(3);
  },
  isOwnedBy: (session) => session.backend.isOwnedBy('nobody knows it'),
  isOrphan: (session) => session.backend.isOrphan,
  expiresInMs: (session) => session.backend.expiresInMs(performance.now()),
  isReachedBy: (session) => session.backend.isReachedBy(untyped(STRANGER)),
  refresh: (session) => session.backend.refresh(),
  // Whoever comes without the session's key is not the one that had it, whatever state that is in.
  bringBack: (session) => session.backend.bringBack(untyped(STRANGER)),
} satisfies Record<
  | Exclude<keyof ServerSession, keyof Session | 'backend'>
  | Exclude<keyof ServerSession['backend'], keyof SessionBackend | 'open'>,
  (session: ServerSession) => unknown
> &
  Record<string, (session: ServerSession) => unknown>;

describe.each(STATES.slice(2))("a server's session that is %s", (state) => {
  it.each(Object.keys(SERVER_SESSION_CALLS) as (keyof typeof SERVER_SESSION_CALLS)[])(
    '%s settles or returns in every state',
    async (name) => {
      await using stage = await sessionIn(state, 'server');
      const outcome = await outcomeIn(state, stage.session, () => SERVER_SESSION_CALLS[name](stage.pair.serverSession));
      expect(outcome).toBe(['closeWith', 'isOwnedBy', 'bringBack', 'refresh'].includes(name) ? 'resolves' : 'returns');
    },
  );

  it.each(names)('%s settles or throws as documented', async (name) => {
    await using stage = await sessionIn(state, 'server');
    expect(await outcomeIn(state, stage.session, () => SESSION_CALLS[name](stage.session))).toBe(
      expectedOutcome(name, state),
    );
  });
});

/** Every public method and getter of a server. */
const SERVER_CALLS = {
  start: (server) => server.start({ port: 0, host: '127.0.0.1' }),
  address: (server) => server.address,
  info: (server) => server.info.threading,
  sessions: (server) => [...server.sessions],
  getSession: (server) => server.getSession(1),
  getSessionCollection: (server) => server.getSessionCollection().size,
  sendBytes: (server) => server.sendBytes(Uint8Array.of(1)),
  'sendBytes to one': (server) => server.sendBytes(Uint8Array.of(1), 1, 1),
  sendText: (server) => server.sendText('text'),
  onRequest: (server) => server.onRequest(1, () => undefined),
  throttleNetworkBps: (server) => {
    server.throttleNetworkBps(1_000_000);
  },
  throttleTotalBps: (server) => {
    server.throttleTotalBps(1_000_000);
  },
  getBlocksize: (server) => server.getBlocksize(),
  getSendQueueSize: (server) => server.getSendQueueSize(),
  close: (server) => server.close(),
  [Symbol.asyncDispose]: (server) => server[Symbol.asyncDispose](),
} satisfies Calls<TcpCommServer>;

const SERVER_STATES = ['new', 'starting', 'listening', 'closing', 'closed', 'failed'] as const;

describe.each(SERVER_STATES)('a server that is %s', (state) => {
  it.each(Reflect.ownKeys(SERVER_CALLS) as (keyof typeof SERVER_CALLS)[])(
    '%s settles or throws as documented',
    async (name) => {
      // Where several listen at one port two of them would not be in the way of each other.
      await using occupied = new TcpCommServer({ threads: 0 });
      await using server = new TcpCommServer();
      let starting: Promise<unknown> | undefined;
      let closing: Promise<unknown> | undefined;
      if (state === 'failed') {
        const { port } = await occupied.start({ port: 0, host: '127.0.0.1' });
        await expect(server.start({ port, host: '127.0.0.1' })).rejects.toThrow('EADDRINUSE');
      } else if (state !== 'new') {
        starting = server.start({ port: 0, host: '127.0.0.1' }).catch((error: unknown) => error);
        if (state !== 'starting') await starting;
        if (state === 'closing' || state === 'closed') closing = server.close();
        if (state === 'closed') await closing;
      }
      const outcome = await outcomeOf(() => SERVER_CALLS[name](server));
      const exceptions: Partial<Record<keyof typeof SERVER_CALLS, Outcome>> = {
        start: state === 'new' ? 'resolves' : 'ERR_TCPCOMM_USAGE',
        'sendBytes to one': 'ERR_TCPCOMM_NO_SESSION',
        sendBytes: 'resolves',
        sendText: 'resolves',
        close: 'resolves',
        [Symbol.asyncDispose]: 'resolves',
      };
      const expected = exceptions[name] ?? 'returns';
      expect(outcome).toBe(expected);
      await Promise.all([starting, closing]);
    },
  );
});

it('a server that is closed while it looks up its host does not listen afterwards', async () => {
  const server = new TcpCommServer();
  const starting = server.start({ port: 0, host: 'localhost' }).catch((error: unknown) => error);
  await server.close();
  expect(await starting).toBeInstanceOf(TcpCommError);
  expect(server.address).toBeUndefined();
});

it('a transfer that runs when its session is destroyed rejects with the reason', async () => {
  await using pair = await connectPair({ server: { files: { root: import.meta.dirname } } });
  const file = pair.client.getFile('tsconfig.json', { to: '/tmp' });
  pair.client.destroy();
  const error = await file.done.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TcpCommError);
  expect(error).not.toBeInstanceOf(TransferError);
  expect(error).toMatchObject({ code: 'ERR_TCPCOMM_SESSION_CLOSED' });
});
