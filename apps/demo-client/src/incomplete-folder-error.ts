import type { FailedEntry } from '@tcpcomm/session';

/** A folder has been moved, but not all that is in it. */
export class IncompleteFolderError extends Error {
  override readonly name = 'IncompleteFolderError';
  readonly code = 'ERR_DEMO_FOLDER_INCOMPLETE';

  readonly failed: readonly FailedEntry[];

  constructor(failed: readonly FailedEntry[]) {
    super(`${failed.length} of what is in the folder failed`);
    this.failed = failed;
  }

  /** Whether another transfer was writing some of it. */
  get wasBusy(): boolean {
    return this.failed.some(({ error }) => error.code === 'ERR_TCPCOMM_FILE_BUSY');
  }
}
