export { type ChildOptions, type ChildResult, runForJson, runProgram } from './child-program.ts';
export { checkForLeaks, leaksSince, takeStock } from './leak-check.ts';
export { parseRawFrames, rawCounters, rawFrame, type RawFrame, type RawFrameParts, rawPreface } from './raw-frame.ts';
export { RawListener, RawPeer } from './raw-peer.ts';
export { Relay } from './relay.ts';
export { mountSmallDisk, reasonAgainstSmallDisk, type SmallDisk } from './small-disk.ts';
export { createTemporaryFolder, type TemporaryFolder } from './temporary-folder.ts';
export { testBytes } from './test-bytes.ts';
export { letEventsRun, waitUntil } from './wait-until.ts';
