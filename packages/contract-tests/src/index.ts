export { collectMessages, collectTexts, type ReceivedMessage } from './collect-messages.ts';
export {
  connectFilePair,
  type Direction,
  DIRECTIONS,
  type FilePair,
  type FilePairFolders,
  filesBelow,
  move,
  type MoveOptions,
  nextTransfer,
  routeOf,
} from './file-pair.ts';
export { connectPair, type End, ENDS, endsOf, type PairOptions, type SessionPair } from './session-pair.ts';
export { connectRelayedPair, type RelayedPair, RelayRoute } from './relayed-pair.ts';
export { connectClient, refusalOf, type StartedServer, startServer } from './started-server.ts';
