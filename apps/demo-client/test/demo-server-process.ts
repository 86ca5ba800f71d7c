import { Program } from './program.ts';

/** The real server program, listening on a free port. */
export async function startServer(...args: string[]): Promise<{ readonly server: Program; readonly port: string }> {
  const server = new Program('demo-server/src/main.ts', ['--port', '0', '--json', ...args]);
  const { port } = await server.event({ event: 'listening' });
  return { server, port: String(port) };
}
