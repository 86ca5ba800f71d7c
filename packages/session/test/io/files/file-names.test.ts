import { TransferError } from '@tcpcomm/protocol';
import { describe, expect, it } from 'vitest';
import { fileNameKey, requireFileName } from '../../../src/io/files/file-names.ts';

const PLATFORMS = ['linux', 'darwin', 'win32'] as const;

function codeOf(name: string, platform: NodeJS.Platform): string | undefined {
  try {
    requireFileName(name, platform);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(TransferError);
    return (error as TransferError).code;
  }
}

describe.each(PLATFORMS)('on %s', (platform) => {
  it.each(['file', 'folder/file.txt', '.hidden', 'a b', 'ünï', 'com10', 'console', 'x.nul', 'null/aux1', '...x'])(
    '%j may be a file',
    (name) => {
      expect(codeOf(name, platform)).toBeUndefined();
    },
  );

  it.each(['', '/', '/file', 'a//b', 'a/', '.', '..', '../a', 'a/../b', 'a/.', 'nul\0', 'a/b\0c'])(
    '%j leads nowhere below',
    (name) => {
      expect(codeOf(name, platform)).toBe('ERR_TCPCOMM_INVALID_FILE_NAME');
    },
  );

  it.each([
    ...['..\\..\\out', 'a\\b', 'C:', 'c:/windows', 'file:stream', 'folder/a:b', 'what?', '*', 'a"b', '<', '>', 'a|b'],
    ...['tab\t', 'folder /file', 'end.', 'end ', 'folder./file', '. .', '...'],
    ...[
      'CON',
      'con',
      'Nul',
      'nul.txt',
      'nul .txt',
      'folder/AUX',
      'prn/file',
      'COM1',
      'com0.log',
      'LPT9',
      'lpt².x',
      'CONIN$',
    ],
  ])('%j is a name that only Windows refuses', (name) => {
    expect(codeOf(name, platform)).toBe(platform === 'win32' ? 'ERR_TCPCOMM_INVALID_FILE_NAME' : undefined);
  });

  it('names that differ in capitals, or in the form of a letter, are told apart where the system does', () => {
    const isSame = platform !== 'linux';
    expect(fileNameKey('Folder/FILE', platform) === fileNameKey('folder/file', platform)).toBe(isSame);
    expect(fileNameKey('e\u0301', platform) === fileNameKey('\u00e9', platform)).toBe(isSame);
    expect(fileNameKey('a', platform)).not.toBe(fileNameKey('b', platform));
  });
});
