import { expect, it } from 'vitest';
import * as session from '../src/index.ts';

// What the packages above rely on. Literals, on purpose: a change here is a change for them.

it('the exports', () => {
  expect(Object.keys(session).sort()).toEqual([
    'CAN_MOVE_SOCKETS',
    'Channel',
    'ClientHandshake',
    'DEFAULT_ENGINE_SETTINGS',
    'FileTransfer',
    'GuardedEmitter',
    'LocalSession',
    'RemoteSession',
    'ServerHandshake',
    'Session',
    'SessionPortal',
    'SocketReading',
    'Transport',
    'TypedChannel',
    'bytesCodec',
    'errorOfClosing',
    'failureReason',
    'fromCloneable',
    'goodbyeReason',
    'jsonCodec',
    'leavesRoomForStanding',
    'openHandle',
    'prepareAccepted',
    'requireFileAccess',
    'resolveSessionOptions',
    'tellStanding',
    'textCodec',
    'toCloneable',
    'transferableOf',
  ]);
});

it('the settings of an engine', () => {
  expect(session.DEFAULT_ENGINE_SETTINGS).toEqual({
    maxQueuedBytes: 134_217_728,
    minInFlightBytes: 32_768,
    maxInFlightBytes: 16_777_216,
    assemblyBudgetBytes: 134_217_728,
    maxTransfers: 64,
    keepAliveIntervalMs: 45_000,
    keepAliveTimeoutMs: 75_000,
    writeStallTimeoutMs: 30_000,
    farewellDrainMs: 3_000,
    farewellReplyMs: 1_000,
  });
});
