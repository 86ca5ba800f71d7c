import { FrameType } from '@tcpcomm/protocol';
import { describe, expect, it } from 'vitest';
import { REFUSED_FRAMES, unexpectedFrame } from '../../../src/engine/receiving/session-frames.ts';

const both = ['MESSAGE', 'FILE_DATA', 'ACK', 'CREDIT', 'PING', 'PONG', 'GOAWAY', 'ERROR'];
const files = ['FILE_REQUEST', 'FILE_OFFER', 'FILE_ACCEPT', 'FILE_END', 'FILE_DONE', 'FILE_ABORT'];
const folders = ['TRANSFER_PAUSE', 'FOLDER_REQUEST', 'FOLDER_OFFER', 'FOLDER_ANSWER'];
const afterGoodbye = ['ACK', 'CREDIT', 'PING', 'PONG', 'ERROR'];

describe('the frames that may arrive', () => {
  it.each([
    ['client', 'open', [...both, 'SETTINGS', 'IDENTIFIED', ...files, ...folders]],
    ['server', 'open', [...both, 'IDENTIFY', ...files, ...folders]],
    ['client', 'after-goodbye', afterGoodbye],
    ['server', 'after-goodbye', afterGoodbye],
  ] as const)('at a %s, %s, are these and no others', (role, state, allowed) => {
    const refused = REFUSED_FRAMES[role][state];
    const names = Object.entries(FrameType).filter(([, type]) => !refused.has(type));
    expect(names.map(([name]) => name).sort()).toEqual([...allowed].sort());
  });

  it('never include extension types among the refused', () => {
    for (const states of Object.values(REFUSED_FRAMES)) {
      for (const refused of Object.values(states)) expect([...refused].filter((type) => type >= 0x80)).toEqual([]);
    }
  });
});

it('a refusal names the frame and the state', () => {
  expect(unexpectedFrame(FrameType.HELLO, 'open').message).toBe('unexpected HELLO frame while open');
});
