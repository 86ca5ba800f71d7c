import { TcpCommServer } from '@tcpcomm/server';
import { TcpCommClient } from '@tcpcomm/client';
const [, , role, size = '1048576', count = '4000', portText = '7001'] = process.argv;
const port = Number(portText);
if (role === 'rx') {
  let bytes = 0, first = 0;
  const total = Number(size) * Number(count);
  const server = new TcpCommServer({ bytesPerSecond: 0, onMessage: (b: Uint8Array) => { first ||= performance.now(); bytes += b.length; if (bytes === total) { console.log((bytes / (performance.now() - first) / 1000).toFixed(0), 'MB/s', (Number(count) / (performance.now() - first) * 1000).toFixed(0), 'msg/s', process.memoryUsage().rss / 1e6 | 0, 'MB', process.cpuUsage()); } } });
  server.on('sessionClosed', () => { void server.close(); });
  await server.start({ port, host: '127.0.0.1' });
} else {
  const client = new TcpCommClient();
  await client.connect('127.0.0.1', port);
  const b = new Uint8Array(Number(size)).fill(7);
  for (let i = 0; i < Number(count); i++) await client.sendBytes(b);
  await client.close({ drainMs: 20000 });
  console.log('tx', process.cpuUsage());
}
