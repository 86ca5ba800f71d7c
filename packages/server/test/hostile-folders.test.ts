import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import {
  decodeControlMessage,
  encodeFolderRecord,
  type FolderAnswer,
  type FolderEntry,
  type FolderRecord,
  FrameType,
} from '@tcpcomm/protocol';
import { describe, expect, it } from 'vitest';
import {
  checkForLeaks,
  createTemporaryFolder,
  rawFrame,
  RawPeer,
  type TemporaryFolder,
  waitUntil,
} from '@tcpcomm/test-support';
import { TcpCommServer } from '../src/index.ts';
import { joinRaw } from './raw-client.ts';

checkForLeaks();

const ABC_HASH = '44bc2cf5ad770999';
const EMPTY_HASH = 'ef46db3751d8e999';
const NOT_FOUND = 65;
const INVALID_NAME = 68;
const OUTSIDE_ROOT = 69;

const file = (path: string, sizeBytes = 3): FolderEntry => ({
  path,
  type: 'file',
  sizeBytes,
  modifiedMs: 0,
  mode: 0o644,
});
const folderOf = (path: string): FolderEntry => ({ path, type: 'folder', sizeBytes: 0, modifiedMs: 0, mode: 0o755 });
const record = (content: FolderRecord) => Buffer.from(encodeFolderRecord(content));
const entries = (...list: FolderEntry[]) => record({ entries: list });
const piece = (index: number, bytes = 'abc', changes: object = {}) =>
  Buffer.concat([
    record({ piece: { index, offsetBytes: 0, byteLength: bytes.length, hash: ABC_HASH, ...changes } }),
    Buffer.from(bytes),
  ]);
const data = (bytes: Buffer) => rawFrame(0x02, { channel: 252, stream: 1, payload: bytes });
const end = rawFrame(0x23, { stream: 1, payload: {} });

interface Stage extends AsyncDisposable {
  readonly server: TcpCommServer;
  readonly peer: RawPeer;
  readonly root: TemporaryFolder;
  /** What the server answers of the entries, one after another. */
  answers(): FolderAnswer[];
}

/** A client that has offered the folder `sent`, and may send records of it now. */
async function offerFolder(path = 'sent'): Promise<Stage> {
  const root = createTemporaryFolder();
  const server = new TcpCommServer({ files: { root: root.path } });
  const { port } = await server.start({ port: 0, host: '127.0.0.1' });
  const peer = await joinRaw(port, 'sender');
  peer.send(rawFrame(0x28, { stream: 1, payload: { path, integrity: 'xxh64', overwrite: 'replace' } }));
  return {
    ...{ server, peer, root },
    answers: () =>
      peer.frames
        .filter(({ type }) => type === 0x29)
        .map(({ payload }) => decodeControlMessage(FrameType.FOLDER_ANSWER, payload)),
    [Symbol.asyncDispose]: async () => {
      peer.destroy();
      await server.close({ drainMs: 0 });
      await root[Symbol.asyncDispose]();
    },
  };
}

describe('names that a client sends in a folder', () => {
  it.each([
    ['../out', INVALID_NAME],
    ['/etc/passwd', INVALID_NAME],
    ['a/../../out', INVALID_NAME],
    ['.', INVALID_NAME],
    ['..', INVALID_NAME],
    ['', INVALID_NAME],
    ['a//b', INVALID_NAME],
    ['nul\0', INVALID_NAME],
    ['.tcpcomm-part/file', INVALID_NAME],
    ['led out/file', OUTSIDE_ROOT],
    ['not told/file', NOT_FOUND],
    ['x'.repeat(300), INVALID_NAME],
  ])('%j is not received, the rest is', async (path, code) => {
    await using outside = createTemporaryFolder();
    await using stage = await offerFolder();
    const { peer, root } = stage;
    await peer.waitForFrame(0x22);
    await symlink(outside.path, root.join('sent/led out'));
    peer.send(data(entries(file(path), file('good'))));
    await waitUntil('it is answered', () => stage.answers().some(({ answered }) => answered === 2));
    expect(stage.answers().flatMap(({ lost = [] }) => lost)).toMatchObject([{ index: 0, code }]);
    peer.send(data(piece(1)), end);
    await peer.waitForFrame(0x24);
    expect(await readFile(root.join('sent/good'), 'utf8')).toBe('abc');
    expect(await readdir(outside.path)).toEqual([]);
    expect((await readdir(root.path, { recursive: true })).sort()).toEqual(['sent', 'sent/good', 'sent/led out']);
  });

  it('twice the same are received once', async () => {
    await using stage = await offerFolder();
    const { peer, root } = stage;
    await peer.waitForFrame(0x22);
    peer.send(data(entries(file('twice'), file('twice'))));
    await waitUntil('it is answered', () => stage.answers().some(({ answered }) => answered === 2));
    expect(stage.answers().flatMap(({ lost = [] }) => lost)).toMatchObject([{ index: 1, code: 70 }]);
    peer.send(data(piece(0)), end);
    await peer.waitForFrame(0x24);
    expect(await readFile(root.join('sent/twice'), 'utf8')).toBe('abc');
  });

  it.each(['../sent', '/sent', 'no/such folder'])('the folder %j is refused', async (path) => {
    await using stage = await offerFolder(path);
    const abort = await stage.peer.waitForFrame(0x25);
    expect([INVALID_NAME, NOT_FOUND]).toContain((JSON.parse(abort.payload.toString()) as { code: number }).code);
    expect(await readdir(stage.root.path)).toEqual([]);
  });
});

describe('a client that sends a folder wrongly', () => {
  const length = (bytes: number) => {
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(bytes);
    return prefix;
  };

  it.each<[string, readonly Buffer[]]>([
    ['with a header of no bytes', [length(0)]],
    ['with a header that is too long', [length(65_537)]],
    ['with a header that is no JSON', [Buffer.concat([length(3), Buffer.from('abc')])]],
    ['with a record that says nothing', [Buffer.concat([length(2), Buffer.from('{}')])]],
    ['with a piece of nothing', [piece(0)]],
    ['with a piece before the answer', [Buffer.concat([entries(file('a')), piece(0)])]],
    ['with a piece of a folder', [entries(folderOf('a')), piece(0)]],
    ['with a piece beyond the file', [entries(file('a')), piece(0, 'abcd')]],
    ['with a piece from the middle on', [entries(file('a')), piece(0, 'bc', { offsetBytes: 1 })]],
    ['with a last piece without a hash', [entries(file('a')), piece(0, 'abc', { hash: undefined })]],
    ['with a hash before the last piece', [entries(file('a')), piece(0, 'a')]],
    ['with pieces of two files at once', [entries(file('a'), file('b')), piece(0, 'a', { hash: undefined }), piece(1)]],
    ['with a file twice', [entries(file('a')), piece(0), piece(0, 'a', { hash: undefined })]],
    ['and ends it within a record', [Buffer.from([0, 0])]],
    ['and ends it within a file', [entries(file('a')), piece(0, 'a', { hash: undefined })]],
  ])('%s is cut off, or nothing comes of it', async (_what, records) => {
    await using stage = await offerFolder();
    const { peer, root, server } = stage;
    const session = server.getSession('sender')!;
    await peer.waitForFrame(0x22);
    for (const [index, bytes] of records.entries()) {
      peer.send(data(bytes));
      if (index === 0 && records.length > 1) await peer.waitForFrame(0x29);
    }
    peer.send(end);
    await peer.waitForEnd();
    peer.end();
    const reason = await session.closed;
    expect(reason.code).toBe('ERR_TCPCOMM_INVALID_TRANSFER');
    expect((await readdir(root.join('sent'))).filter((name) => name !== 'a')).toEqual([]);
  });

  it('with another hash loses that file only', async () => {
    await using stage = await offerFolder();
    const { peer, root } = stage;
    await peer.waitForFrame(0x22);
    peer.send(data(entries(file('bad'), file('good'))));
    await peer.waitForFrame(0x29);
    peer.send(data(piece(0, 'abc', { hash: EMPTY_HASH })), data(piece(1)), end);
    await peer.waitForFrame(0x24);
    expect(stage.answers().flatMap(({ lost = [] }) => lost)).toMatchObject([{ index: 0, code: 75 }]);
    expect(await readdir(root.join('sent'))).toEqual(['good']);
  });

  it('and vanishes in the middle leaves what was whole', async () => {
    await using stage = await offerFolder();
    const { peer, root, server } = stage;
    const session = server.getSession('sender')!;
    await peer.waitForFrame(0x22);
    peer.send(data(entries(file('whole'), file('half'))));
    await peer.waitForFrame(0x29);
    peer.send(data(piece(0)), data(piece(1, 'a', { hash: undefined })));
    peer.end();
    await session.closed;
    await waitUntil('it is settled', () => server.sessions.size === 0);
    expect(await readdir(root.join('sent'))).toEqual(['whole']);
  });
});

describe('a client that asks for a folder', () => {
  it('and answers for more than it was told of is cut off', async () => {
    await using root = createTemporaryFolder();
    await using server = new TcpCommServer({ files: { root: root.path } });
    const { port } = await server.start({ port: 0, host: '127.0.0.1' });
    await using peer = await joinRaw(port, 'liar');
    const session = server.getSession('liar')!;
    peer.send(rawFrame(0x27, { stream: 1, payload: { path: '' } }));
    await peer.waitForFrame(0x28);
    peer.send(rawFrame(0x22, { stream: 1, payload: { offsetBytes: 0 } }));
    peer.send(rawFrame(0x29, { stream: 1, payload: { answered: 5 } }));
    await peer.waitForEnd();
    peer.end();
    expect((await session.closed).code).toBe('ERR_TCPCOMM_INVALID_TRANSFER');
  });

  it('and never reads it keeps nothing but its own connection waiting', async () => {
    await using root = createTemporaryFolder();
    await mkdir(root.join('many'));
    await Promise.all(
      Array.from({ length: 500 }, (_, index) => writeFile(root.join('many', `${index}`), 'x'.repeat(20_000))),
    );
    await using server = new TcpCommServer({ files: { root: root.path } });
    const { port } = await server.start({ port: 0, host: '127.0.0.1' });
    await using peer = await joinRaw(port, 'deaf');
    peer.send(rawFrame(0x27, { stream: 1, payload: { path: 'many' } }));
    await peer.waitForFrame(0x28);
    peer.send(rawFrame(0x22, { stream: 1, payload: { offsetBytes: 0 } }));
    peer.stopReading();
    await using other = await joinRaw(port, 'other');
    other.send(rawFrame(0x27, { stream: 1, payload: { path: 'many', list: 'flat' } }));
    await other.waitForFrame(0x28);
    other.send(rawFrame(0x22, { stream: 1, payload: { offsetBytes: 0 } }));
    await other.waitForFrame(0x23);
  });
});
