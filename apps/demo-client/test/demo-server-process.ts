import { Program } from './program.ts';

/** The real server program, listening on a free port; on one thread unless told otherwise, which begins sooner. */
export async function startServer(...args: string[]): Promise<{ readonly server: Program; readonly port: string }> {
  const server = new Program('demo-server/src/main.ts', ['--port', '0', '--json', '--threads', '0', ...args]);
  const { port } = await server.event({ event: 'listening' });
  return { server, port: String(port) };
}
