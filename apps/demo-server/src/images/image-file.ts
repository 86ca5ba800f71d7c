import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Letters and digits of all scripts, and what no file system has a meaning for. */
const UNSAFE = /[^\p{L}\p{M}\p{N} _-]+/gu;
/** File systems take 255, of both parts and what comes behind them. */
const MAX_PART_BYTES = 100;
/** Whoever sends the same name so often sends no more of it. */
const MAX_NAMESAKES = 1_000;

const encoder = new TextEncoder();

/** `anna-sunset`: what the PNG is called, whatever the client says; without the ending. */
export function imageFileName(machineId: string, label: string | undefined): string {
  return `${safe(machineId, 'somebody')}-${safe(label ?? '', 'image')}`;
}

/** Writes a file of that name, or `NAME (1).png` and so on if there is one; returns what it is called. Leaves nothing of one that fails. */
export async function writeImageFile(folder: string, name: string, png: Uint8Array): Promise<string> {
  for (let count = 0; ; count += 1) {
    const fileName = `${name}${count === 0 ? '' : ` (${count})`}.png`;
    try {
      await writeNew(join(folder, fileName), png);
      return fileName;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || count === MAX_NAMESAKES) throw error;
    }
  }
}

/** The flag refuses also a link that is there already, wherever it points. */
async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

function safe(text: string, otherwise: string): string {
  const cleaned = text.normalize('NFC').replaceAll(UNSAFE, '_').trim();
  const { read } = encoder.encodeInto(cleaned, new Uint8Array(MAX_PART_BYTES));
  return cleaned.slice(0, read).trim() || otherwise;
}
