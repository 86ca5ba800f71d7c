import { TcpCommClient } from '@tcpcomm/client';
import { QUESTION_CHANNEL } from '@tcpcomm/demo-server';
import { jsonCodec } from '@tcpcomm/session';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { askServer, askWho } from '../src/questions/server-questions.ts';
import { startServer } from './demo-server-process.ts';
import { jsonLines, killPrograms, Program, run } from './program.ts';
import { runHere, startServerHere } from './program-here.ts';

const CLIENT = 'demo-client/src/main.ts';
const { version, platform } = process;
const here = { nodeVersion: version, platform };

let server: Program;
let port: string;
const clients: TcpCommClient[] = [];

beforeAll(async () => {
  ({ server, port } = await startServer('--threads', '2'));
});

afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));

afterAll(() => killPrograms());

/** A client as any program may be: it answers nothing, or what `prepare` has it answer. */
async function connect(
  machineId: string,
  where = port,
  prepare: (client: TcpCommClient) => void = () => undefined,
): Promise<TcpCommClient> {
  const client = new TcpCommClient({ machineId, autoReconnect: false });
  clients.push(client);
  // It is asked as soon as it is in.
  prepare(client);
  await client.connect('127.0.0.1', Number(where));
  return client;
}

it('ask who tells who is there: those who said what they are, and those who did not', async () => {
  const anna = new Program(CLIENT, ['chat', '--json', '--id', 'anna', '--port', port]);
  // The server asks each client that comes in.
  expect(await server.event({ event: 'client', machineId: 'anna' })).toEqual({
    event: 'client',
    sessionId: 1,
    machineId: 'anna',
    ...here,
    processId: anna.child.pid,
  });
  await connect('mute');
  const { status, stdout, stderr } = await run(CLIENT, ['ask', 'who', '--id', 'ben', '--port', port]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const what = (pid: string) => `Node\\.js ${version.replaceAll('.', '\\.')} on ${platform}, process ${pid}`;
  expect(stdout.split('\n')).toEqual([
    expect.stringMatching(new RegExp(`^1 {2}anna {2}${what(String(anna.child.pid))}$`)),
    expect.stringMatching(/^2 {2}mute {2}has not said what it is$/),
    expect.stringMatching(new RegExp(`^3 {2}ben {3}${what('\\d+')} {2}\\(you\\)$`)),
    '3 sessions',
  ]);

  const { stdout: json } = await runHere('ask', 'who', '--id', 'carla', '--port', port, '--json');
  const portrait = { ...here, processId: process.pid };
  expect(jsonLines(json).filter(({ machineId }) => machineId !== 'ben')).toEqual([
    { event: 'participant', sessionId: 1, machineId: 'anna', isAsker: false, ...here, processId: anna.child.pid },
    { event: 'participant', sessionId: 2, machineId: 'mute', isAsker: false },
    { event: 'participant', sessionId: expect.any(Number) as number, machineId: 'carla', isAsker: true, ...portrait },
    { event: 'result', sessions: expect.any(Number) as number },
  ]);
  anna.child.stdin.end();
  expect((await anna.finished).status).toBe(0);
});

it('ask server tells what the server is', async () => {
  const { status, stdout } = await runHere('ask', 'server', '--port', port);
  expect(status).toBe(0);
  const pid = String(server.child.pid);
  const what = `Node.js ${version} on ${platform}, process ${pid}, 2 threads for the sessions, runs for `;
  expect(stdout.startsWith(what)).toBe(true);
  expect(stdout).toMatch(/ runs for \S.*s, \d sessions? {2}answered after \S+ m?s$/);
  const { stdout: json } = await runHere('ask', 'server', '--port', port, '--json');
  const [result] = jsonLines(json);
  expect(result).toMatchObject({ event: 'result', ...here, processId: server.child.pid, threads: 2 });
  for (const name of ['uptimeMs', 'sessions', 'elapsedMs']) expect(result![name]).toBeGreaterThan(0);
});

it('people at the server see what each client is, and never a problem in one that does not say', async () => {
  const people = new Program('demo-server/src/main.ts', ['--port', '0', '--threads', '0']);
  const peoplePort = /port (\d+)/.exec(await people.line((line) => line.startsWith('listening')))![1]!;
  await connect('mute', peoplePort);
  await runHere('ask', 'who', '--id', 'emil', '--port', peoplePort);
  await people.line((line) => line.endsWith(`  emil is Node.js ${version} on ${platform}, process ${process.pid}`));
  people.child.kill('SIGTERM');
  const { status, stdout } = await people.finished;
  expect(status).toBe(0);
  expect(stdout).not.toMatch(/^\S+ !/m);
});

it('a client that answers nothing, or is gone at once, is no problem', async () => {
  const silent = await connect('silent', port, (client) => {
    // It takes the question and never answers.
    client.onRequest(QUESTION_CHANNEL, () => new Promise(() => undefined));
  });
  const failing = await connect('failing', port, (client) => {
    client.on('notice', () => undefined);
    client.onRequest(QUESTION_CHANNEL, () => {
      throw new Error('it has no answer');
    });
  });
  for (const id of ['brief', 'briefer']) {
    (await connect(id)).destroy();
    await server.event({ event: 'sessionClosed', machineId: id });
  }
  silent.destroy();
  await server.event({ event: 'sessionClosed', machineId: 'silent' });
  // What is to be told of them has been told before the next answer.
  expect(await askServer(failing, {})).toMatchObject(here);
  expect(server.eventsSoFar({ event: 'problem' })).toEqual([]);
});

it('a client that answers something else is told of, and known by no answer', async () => {
  const liar = await connect('liar', port, (client) => {
    const channel = client.channel(QUESTION_CHANNEL, { codec: jsonCodec() });
    channel.onRequest(() => ({ nodeVersion: 'x'.repeat(300), platform: 'none', processId: 1 }));
  });
  expect(await server.event({ event: 'problem' })).toMatchObject({ code: 'ERR_TCPCOMM_INVALID_MESSAGE' });
  const participants = await askWho(liar, {});
  expect(participants.find(({ isAsker }) => isAsker)).toEqual({
    sessionId: liar.sessionId,
    machineId: 'liar',
    isAsker: true,
  });
});

it('a question that there is not is refused, and the session goes on', async () => {
  const client = await connect('curious');
  const channel = client.channel(QUESTION_CHANNEL, { codec: jsonCodec() });
  for (const question of [{ ask: 'password' }, { ask: 'image', id: -1 }, 'who', null]) {
    await expect(channel.request(question)).rejects.toMatchObject({ code: 'ERR_TCPCOMM_INVALID_MESSAGE' });
  }
  expect(await askServer(client, {})).toMatchObject(here);
});

it('a server that answers no questions: the client says what to do', async () => {
  const root = await mkdtemp(join(tmpdir(), 'tcpcomm-root-'));
  const { server: bare, port: barePort } = await startServerHere(root);
  const { status, stdout } = await runHere('ask', 'server', '--json', '--port', String(barePort));
  await bare.close();
  await rm(root, { recursive: true });
  expect(status).toBe(1);
  expect(jsonLines(stdout)).toEqual([
    {
      event: 'error',
      code: 'ERR_TCPCOMM_NO_HANDLER',
      message: 'nobody answers requests on channel 200',
      advice: expect.stringContaining(`npx --yes pnpm@12 demo:server --port ${barePort}`) as string,
    },
  ]);
});

it('a question that there is not is a wrong command line', async () => {
  const { status, stderr } = await runHere('ask', 'weather');
  expect(status).toBe(2);
  expect(stderr).toContain("'weather' is invalid for argument 'what'. Allowed choices are who, server.");
  expect((await runHere('ask', '--help')).stdout).toContain('$ npx --yes pnpm@12 demo:client ask server');
});
