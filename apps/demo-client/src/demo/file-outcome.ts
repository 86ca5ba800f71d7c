import { sha256Of } from './demo-files.ts';
import { endsOf, type PlannedFile } from './demo-plan.ts';
import type { ProcessEvent } from './json-process.ts';

/** What became of a file: what the two ends say of it, and what lies on the disk. */
export interface FileOutcome {
  readonly file: PlannedFile;
  readonly elapsedMs: number;
  readonly sourceSha256: string;
  readonly targetSha256: string;
  /** As each end computed it while the bytes went by; a folder has none, each file in it had. */
  readonly clientXxh64: string;
  readonly serverXxh64: string;
}

/**
 * @param atClient the client's event for the finished transfer
 * @param atServer the server's
 */
export async function examineFile(
  file: PlannedFile,
  temporaryFolder: string,
  atClient: ProcessEvent | undefined,
  atServer: ProcessEvent | undefined,
): Promise<FileOutcome> {
  const { source, target } = endsOf(file, temporaryFolder);
  return {
    file,
    elapsedMs: Number(atClient?.elapsedMs),
    sourceSha256: await sha256Of(source),
    targetSha256: await sha256Of(target),
    clientXxh64: String(atClient?.xxh64),
    serverXxh64: String(atServer?.xxh64),
  };
}

export function isIntact({ sourceSha256, targetSha256, clientXxh64, serverXxh64 }: FileOutcome): boolean {
  return sourceSha256 === targetSha256 && clientXxh64 === serverXxh64;
}
