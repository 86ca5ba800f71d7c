import { MAX_CHANNEL, MAX_MACHINE_ID_LENGTH, MIN_CHANNEL } from '@tcpcomm/protocol';
import { InvalidArgumentError } from 'commander';

/** Each reads one option; commander shows what it throws, and nothing is sent. */

export function parsePort(text: string): number {
  return parseWholeNumber(text, 1, 65_535);
}

export function parseChannel(text: string): number {
  return parseWholeNumber(text, MIN_CHANNEL, MAX_CHANNEL);
}

export function parseAttempts(text: string): number {
  return parseWholeNumber(text, 1, 1_000);
}

/** Of an image; what is too large altogether is told where both sides are known. */
export function parseSide(text: string): number {
  return parseWholeNumber(text, 1, 65_535);
}

export function parseSeed(text: string): number {
  return parseWholeNumber(text, 0, 4_294_967_295);
}

export function parseMachineId(text: string): string {
  if (text.length <= MAX_MACHINE_ID_LENGTH) return text;
  throw new InvalidArgumentError(`Expected at most ${MAX_MACHINE_ID_LENGTH} characters, got ${text.length}.`);
}

/** Seconds on the command line, milliseconds inside. */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && seconds > 0 && seconds <= 86_400) return seconds * 1_000;
  throw new InvalidArgumentError('Expected a number of seconds above 0, at most 86400.');
}

function parseWholeNumber(text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
}
