import { TcpCommClient } from '@tcpcomm/client';
import { ConnectionLostError, TcpCommError, TransferError, WireError } from '@tcpcomm/protocol';
import { expect, it } from 'vitest';
import { isConnectionLoss } from '../src/connection-loss.ts';
import { IncompleteFolderError } from '../src/incomplete-folder-error.ts';

/** Has not been connected, so the error alone decides. */
const client = new TcpCommClient();
const lost = new ConnectionLostError('the connection was lost');
const notBack = new TcpCommError('ERR_TCPCOMM_CONNECT_FAILED', 'cannot connect');
const busy = new TransferError(WireError.FILE_BUSY, 'busy', 'remote');
const full = new TransferError(WireError.DISK_FULL, 'full', 'remote');
const folderOf = (error: TransferError) => new IncompleteFolderError([{ path: 'a.txt', error }]);

it.each<[string, Error]>([
  ['the connection is lost', lost],
  ['nobody answers yet', notBack],
  ['the server knows a session of this client still', new TcpCommError('ERR_TCPCOMM_MACHINE_ID_TAKEN', 'taken')],
  ['the server still has the part', busy],
  ['the server still has the part of a file in a folder', folderOf(busy)],
])('an attempt after another is made again when %s; a first one is not', async (_what, error) => {
  expect(await isConnectionLoss(error, client, true)).toBe(true);
  expect(await isConnectionLoss(error, client, false)).toBe(false);
});

it.each<[string, Error]>([
  ['the disk is full', full],
  ['the disk is full for a file in a folder', folderOf(full)],
  ['the server turned the client out', new TcpCommError('ERR_TCPCOMM_DISCONNECTED_BY_SERVER', 'out')],
  ['the program is at fault', new Error('bug')],
])('no attempt is made again when %s', async (_what, error) => {
  expect(await isConnectionLoss(error, client, true)).toBe(false);
});
