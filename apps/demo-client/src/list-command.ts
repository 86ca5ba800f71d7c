import { remoteFolder } from './remote-folder.ts';
import type { CommandContext } from './run-command.ts';

/** Tells what there is in a folder of the server's. */
export async function listFolder({ client, report }: CommandContext, path: string, recursive: boolean): Promise<void> {
  const folder = remoteFolder(path);
  report.listed(folder, await client.list(folder, { recursive }));
}
