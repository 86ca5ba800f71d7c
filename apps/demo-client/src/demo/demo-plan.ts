import { join } from 'node:path';
import { platform } from 'node:process';
import type { JuliaSpec } from '../image/julia-picture.ts';

/** A file that one of the two clients fetches or sends, or a folder with all that is in it. */
export interface PlannedFile {
  readonly client: string;
  readonly action: 'get' | 'send';
  readonly name: string;
  readonly sizeBytes: number;
  /** Of a folder: how many files share its bytes, and how many folders these files. */
  readonly folder?: { readonly files: number; readonly folders: number };
}

/** An image that one of the clients draws, and sends as an array. */
export interface PlannedPicture extends JuliaSpec {
  readonly client: string;
  readonly name: string;
}

export const CLIENTS = ['anna', 'ben'] as const;
export const CHANNELS = [1, 7, 42];

/** Some systems do not take a colon in a name. */
const COLON = platform === 'win32' ? ' -' : ':';

export const FILES: readonly PlannedFile[] = [
  { client: 'anna', action: 'get', name: 'harbour film.bin', sizeBytes: 24_000_000 },
  { client: 'anna', action: 'send', name: `survey${COLON} north bank.bin`, sizeBytes: 24_000_000 },
  { client: 'ben', action: 'get', name: 'größe-日本語-🌊.csv', sizeBytes: 20_000_000 },
  { client: 'ben', action: 'send', name: `log${COLON} night, ben's (2).bin`, sizeBytes: 16_000_000 },
  { client: 'ben', action: 'send', name: 'empty', sizeBytes: 0 },
  { client: 'anna', action: 'get', name: 'sea charts', sizeBytes: 1_200_000, folder: { files: 60, folders: 4 } },
];

export const PICTURES: readonly PlannedPicture[] = [
  { client: 'anna', name: 'sea horse', width: 1_024, height: 768, seed: 5 },
  { client: 'ben', name: 'sea urchin', width: 800, height: 800, seed: 8 },
];

/** The demo's folders below its temporary one: the server's, and one for each client. */
export function folderOf(temporaryFolder: string, owner: string): string {
  return join(temporaryFolder, owner);
}

/** Where a file comes from and where it is to go. */
export function endsOf(
  file: PlannedFile,
  temporaryFolder: string,
): { readonly source: string; readonly target: string } {
  const atServer = join(folderOf(temporaryFolder, 'server'), file.name);
  const atClient = join(folderOf(temporaryFolder, file.client), file.name);
  return file.action === 'get' ? { source: atServer, target: atClient } : { source: atClient, target: atServer };
}
