// Sends a large array from a client to a server in this process and prints by how many bytes its memory has grown at the most, the array that
// has arrived included. Argument: its size in bytes.
import process from 'node:process';
import { LargeArrayTransfer } from '@tcpcomm/large-array';
import { connectPair } from '../../session-pair.ts';

const byteLength = Number(process.argv[2]);

{
  await using pair = await connectPair();
  const [sending, receiving] = [pair.client, pair.serverSession].map(
    (session) => new LargeArrayTransfer(session, { maxBytes: byteLength }),
  ) as [LargeArrayTransfer, LargeArrayTransfer];
  const arrived = receiving[Symbol.asyncIterator]();
  const move = async (array: Float64Array): Promise<Float64Array> => {
    const sent = sending.send(array);
    const { value } = (await arrived.next()) as { value: Float64Array };
    await sent;
    return value;
  };
  // Whatever is loaded or allocated once is there after the first.
  await move(new Float64Array(2_500_000));
  const array = new Float64Array(byteLength / 8);
  for (let at = 0; at < array.length; at += 1) array[at] = at;
  const before = process.resourceUsage().maxRSS;
  const come = await move(array);
  const grownBytes = (process.resourceUsage().maxRSS - before) * 1024;
  const isEqual = Buffer.compare(bytesOf(come), bytesOf(array)) === 0;
  process.stdout.write(JSON.stringify({ byteLength: come.byteLength, isEqual, grownBytes }));
}

function bytesOf({ buffer, byteOffset, byteLength: bytes }: Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, bytes);
}
