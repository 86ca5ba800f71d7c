import { readFileSync } from 'node:fs';
import {
  DEFAULT_RECEIVE_LIMITS,
  MAX_CONTROL_FRAME_BYTES,
  MAX_CREDENTIALS_LENGTH,
  MAX_HANDSHAKE_FRAME_BYTES,
  MAX_MACHINE_ID_LENGTH,
  MAX_SESSION_KEY_LENGTH,
  MAX_STANDING_TRANSFERS,
} from '@tcpcomm/protocol';
import { expect, it } from 'vitest';
import { MAX_QUEUED_CONTROL_BYTES } from '../src/engine/sending/control-queue.ts';
import { DEFAULT_ENGINE_SETTINGS } from '../src/engine/engine-settings.ts';
import { MAX_FOLDER_ENTRIES } from '../src/io/folders/folder-receiver.ts';
import { MAX_OPEN_TRANSFERS, MAX_WAITING_TRANSFERS } from '../src/io/transfer-queue.ts';

const page = readFileSync(new URL('../../../docs/LIMITS.md', import.meta.url), 'utf8');

/** What the page says of a limit: the second cell of its row, or the number behind its name in the text. */
function documented(name: string): number | undefined {
  const row =
    new RegExp(`^\\| \`${name}\` +\\| ([\\d,]+) +\\|`, 'm').exec(page) ??
    new RegExp(`\`${name}\`, ([\\d,]+)`).exec(page);
  return row?.[1] === undefined ? undefined : Number(row[1].replaceAll(',', ''));
}

const limits: Record<string, number> = {
  ...DEFAULT_RECEIVE_LIMITS,
  ...DEFAULT_ENGINE_SETTINGS,
  maxQueuedControlBytes: MAX_QUEUED_CONTROL_BYTES,
  maxControlFrameBytes: MAX_CONTROL_FRAME_BYTES,
  maxHandshakeFrameBytes: MAX_HANDSHAKE_FRAME_BYTES,
  maxMachineIdLength: MAX_MACHINE_ID_LENGTH,
  maxCredentialsLength: MAX_CREDENTIALS_LENGTH,
  maxSessionKeyLength: MAX_SESSION_KEY_LENGTH,
  maxStandingTransfers: MAX_STANDING_TRANSFERS,
  maxOpenTransfers: MAX_OPEN_TRANSFERS,
  maxWaitingTransfers: MAX_WAITING_TRANSFERS,
  maxFolderEntries: MAX_FOLDER_ENTRIES,
};

it.each(Object.entries(limits))('the page of limits says that %s is %i', (name, value) => {
  expect(documented(name)).toBe(value);
});
