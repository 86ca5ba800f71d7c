import { InvalidArgumentError } from 'commander';

/** Reads the port to listen on, 0 for a free one; what commander shows for anything else. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('Expected a whole number from 0 to 65535.');
}
