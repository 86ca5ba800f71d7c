import { platform as ownPlatform } from 'node:process';
import { WireError } from '@tcpcomm/protocol';
import { transferError } from './file-errors.ts';

/** Separators, drives and streams, wildcards, and an end that is dropped without a word. */
const NEVER_ON_WINDOWS = /[\\:*?"<>|]|[ .]$/;
/** What Windows takes for a device in every folder, whatever follows behind a dot ("Naming Files, Paths, and Namespaces"). */
const DEVICE_ON_WINDOWS = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)/i;

/**
 * A name from the peer must lead to something below the folder that it is for, and be one that this system takes for a file
 * (docs/PROTOCOL.md §9.6).
 *
 * @throws TransferError `INVALID_FILE_NAME`
 */
export function requireFileName(name: string, platform = ownPlatform): void {
  const segments = name.split('/');
  const isRelative = segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..');
  if (!isRelative || name.includes('\0')) {
    throw transferError(WireError.INVALID_FILE_NAME, name, 'not a relative name below the offered folder');
  }
  if (platform !== 'win32') return;
  const hasControl = Array.from(name).some((letter) => letter < ' ');
  const isForeign = segments.some((segment) => NEVER_ON_WINDOWS.test(segment) || DEVICE_ON_WINDOWS.test(segment));
  if (hasControl || isForeign)
    throw transferError(WireError.INVALID_FILE_NAME, name, 'Windows has no files of such a name');
}

/** Equal for names that may be the same file on this system: Windows and macOS do not tell capital letters from small ones. */
export function fileNameKey(name: string, platform = ownPlatform): string {
  const ignoresCase = platform === 'win32' || platform === 'darwin';
  return ignoresCase ? name.normalize('NFC').toLowerCase() : name;
}
