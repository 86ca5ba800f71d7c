import type { Suite } from '../harness/suite.ts';
import { requireDescriptors } from '../measure/descriptor-limit.ts';
import { sessionCount, type SessionsLoad } from '../subjects/sessions-load.ts';

/** Many sessions of one server: how fast they come and go, what they cost while they are idle, and all talking at once. */
export const suite: Suite<SessionsLoad> = {
  name: 'sessions',
  url: import.meta.url,
  summary: 'many sessions of one server: coming and going, idle, and all talking',
  notes: [
    '`connect`: 30,000 clients connect, and close in good order as soon as they have a session, 50 of them at a time. The server is asked afterwards whether it has had all of them, and has none left.',
    '`idle`: 10,000 sessions for 45 s, with the keepalive that is each library’s default: `tcpcomm` asks after 45 s of silence, `socket.io` every 25 s, `ws` never. `CPU s` is with connecting them and collecting garbage, `idle CPU %` that of the server while they idle, of one core.',
    '`heap KB/session` is what the server’s heap has grown by, when all garbage is collected, divided by the sessions; `external KB/session` the same of what buffers have outside the heap, `RSS KB/session` of all its memory, with the code that was compiled meanwhile.',
    '`chatter`: 1,000 sessions each send ten messages of 64 bytes a second, spread evenly, and the server sends them back; from handing a message over until it is back at its client’s handler. All clients are in one process, which has as much to do as the server.',
    '`ws` and `socket.io` have no compression, `socket.io` the transport WebSocket only. `tcpcomm` has no throttle; its sessions are such as can be taken up again, `socket.io` is told not to reconnect.',
  ],
  baseline: 'ws',
  cases: [
    { name: 'connect', headline: 'handshakesPerSecond', load: { pattern: 'connect', count: 30_000 }, seconds: 15 },
    {
      name: 'idle',
      headline: 'heapKilobytesPerSession',
      load: { pattern: 'idle', count: 10_000, idleMsPerSession: 4.5 },
      seconds: 60,
      nodeArguments: ['--expose-gc'],
    },
    {
      name: 'chatter',
      headline: 'p99Ms',
      load: { pattern: 'chatter', count: 10_000, sessions: 1_000, intervalMs: 100, messageBytes: 64 },
      seconds: 14,
    },
  ],
  subjects: {
    tcpcomm: () => import('../subjects/tcpcomm-sessions.ts'),
    ws: () => import('../subjects/ws-sessions.ts'),
    'socket.io': () => import('../subjects/socket-io-sessions.ts'),
  },
  prepare: async (load) => requireDescriptors(sessionCount(load)),
};
