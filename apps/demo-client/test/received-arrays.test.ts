import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TcpCommClient } from '@tcpcomm/client';
import { IMAGE_CHANNEL, MAX_IMAGE_BYTES } from '@tcpcomm/demo-server';
import { type LargeArray, LargeArrayTransfer } from '@tcpcomm/large-array';
import { decode } from 'fast-png';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { askImage } from '../src/questions/server-questions.ts';
import { startServer } from './demo-server-process.ts';
import { killPrograms, type Program } from './program.ts';

let folder: string;
let images: string;
let server: Program;
let port: string;
let client: TcpCommClient;
let arrays: LargeArrayTransfer;
let clients = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tcpcomm-images-'));
  images = join(folder, 'images');
  await mkdir(images);
  ({ server, port } = await startServer('--images', images));
});

beforeEach(async () => {
  clients += 1;
  client = new TcpCommClient({ machineId: `../../client ${clients}`, autoReconnect: false });
  await client.connect('127.0.0.1', Number(port));
  arrays = new LargeArrayTransfer(client, { channel: IMAGE_CHANNEL });
});

afterEach(() => client.close());

afterAll(async () => {
  await killPrograms();
  await rm(folder, { recursive: true });
});

/** What the server tells of one of the client's arrays. */
function imageEvent(id: number): ReturnType<Program['event']> {
  return server.event({ event: 'image', machineId: client.machineId, id });
}

/** The files of the client's images. */
async function keptFiles(): Promise<string[]> {
  const names = await readdir(images);
  return names.filter((name) => name.startsWith(`_client ${clients}-`)).sort();
}

/** The PNG that the server has made of it. */
async function keptPng(id: number): Promise<ReturnType<typeof decode>> {
  const { path } = await imageEvent(id);
  return decode(await readFile(String(path)));
}

it.each<[string, Uint8Array | Uint8ClampedArray, number[]]>([
  ['grey', new Uint8Array(6), [2, 3, 1]],
  ['with transparency, clamped', new Uint8ClampedArray(24), [2, 3, 4]],
  ['in shared memory', new Uint8Array(new SharedArrayBuffer(18)), [2, 3, 3]],
])('an image is kept as it is: %s', async (_what, data, shape) => {
  data.forEach((_, at) => (data[at] = at * 9));
  await arrays.send(data, { shape });
  const { width, height, channels, data: decoded } = await keptPng(1);
  expect({ width, height, channels }).toEqual({ width: 3, height: 2, channels: shape[2] });
  expect([...decoded]).toEqual([...data]);
  expect(await askImage(client, 1, {})).not.toHaveProperty('label');
});

it.each<[string, LargeArray, readonly number[] | undefined]>([
  ['a Float64Array of the shape [2, 3, 3]', new Float64Array(18), [2, 3, 3]],
  ['a Uint8Array of the shape []', new Uint8Array(18), undefined],
  ['a Uint8Array of the shape [3, 3, 2]', new Uint8Array(18), [3, 3, 2]],
  ['a Uint8Array of the shape [0, 3, 3]', new Uint8Array(0), [0, 3, 3]],
  ['a ArrayBuffer of the shape [2, 3, 3]', new ArrayBuffer(18), [2, 3, 3]],
])('%s is told of and not kept, and the next image is', async (what, array, shape) => {
  await arrays.send(array, { shape, label: 'first' });
  await arrays.send(Uint8Array.of(1, 2, 3), { shape: [1, 1, 3], label: 'second' });
  const event = await imageEvent(1);
  expect(event).toMatchObject({ label: 'first', code: 'ERR_TCPCOMM_REPLY' });
  expect(event.message).toBe(
    `expected an image, a Uint8Array or Uint8ClampedArray of the shape [height, width, 1, 3 or 4], got ${what}`,
  );
  await expect(askImage(client, 1, {})).rejects.toMatchObject({ reason: 'NOT_AN_IMAGE' });
  expect([...(await keptPng(2)).data]).toEqual([1, 2, 3]);
});

it('an array that is too large fails at its sender, and an array that never came is not known', async () => {
  const tooLarge = new Uint8Array(MAX_IMAGE_BYTES + 1);
  await expect(arrays.send(tooLarge)).rejects.toMatchObject({ code: 'ERR_TCPCOMM_ARRAY_TOO_LARGE' });
  await expect(askImage(client, 1, {})).rejects.toMatchObject({
    reason: 'NO_SUCH_IMAGE',
    message: 'no array 1 has come',
  });
});

it('names lead nowhere and escape nothing, whatever the client calls itself and its image', async () => {
  await arrays.send(Uint8Array.of(1), { shape: [1, 1, 1], label: '../../../\x1b]0;owned\x07/etc/passwd' });
  const name = `_client ${clients}-_0_owned_etc_passwd.png`;
  expect(await imageEvent(1)).toMatchObject({ path: join(images, name) });
  expect(await readdir(folder)).toEqual(['images']);
  expect(await keptFiles()).toEqual([name]);
});

it('several that are sent at once are all kept', async () => {
  const labels = Array.from({ length: 5 }, (_, at) => `image ${at}`);
  await Promise.all(labels.map((label) => arrays.send(new Uint8Array(300), { shape: [10, 10, 3], label })));
  await Promise.all(labels.map((_, at) => askImage(client, at + 1, {})));
  expect(await keptFiles()).toEqual(labels.map((label) => `_client ${clients}-${label}.png`));
});

it('the client is told of what became of its last 16 images', async () => {
  for (let id = 1; id <= 17; id += 1) await arrays.send(Uint8Array.of(id), { shape: [1, 1, 1] });
  await expect(askImage(client, 1, {})).rejects.toMatchObject({ reason: 'NO_SUCH_IMAGE' });
  expect(await askImage(client, 2, {})).toMatchObject({ colours: [{ name: 'grey', least: 2, most: 2, mean: 2 }] });
});
