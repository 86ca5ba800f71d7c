// Moves a large file between a client and a server in this process and prints by how many bytes its memory has grown at the
// most. Arguments: the folder, the size of the file, `get` or `send`.
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { connectPair } from '../../src/index.ts';

const [folder = '', size = '', direction = ''] = process.argv.slice(2);
const root = join(folder, 'root');
mkdirSync(root);
for (const name of ['large', 'small']) writeFileSync(join(root, name), '');
// Sparse: it takes no room on the disk, and is as large as any other to whoever reads it.
truncateSync(join(root, 'large'), Number(size));
truncateSync(join(root, 'small'), 20_000_000);

{
  await using pair = await connectPair({ session: { files: { root } } });
  const move = async (name: string) =>
    (direction === 'get'
      ? pair.client.getFile(name, { to: join(folder, name) })
      : pair.client.sendFile(join(root, name), { as: `${name}-sent` })
    ).done;
  // Whatever is loaded or allocated once is there after the first.
  await move('small');
  const before = process.resourceUsage().maxRSS;
  const { totalBytes } = await move('large');
  const grownBytes = (process.resourceUsage().maxRSS - before) * 1024;
  process.stdout.write(JSON.stringify({ totalBytes, grownBytes }));
}
