import { WireError } from '@tcpcomm/protocol';
import { describe, expect, it } from 'vitest';
import { InFlightWindow } from '../../../src/engine/in-flight/in-flight-window.ts';
import { inFlightOf } from '../engine-options.ts';
import { errorOf } from '../error-of.ts';

describe('the window, held to one size', () => {
  it('has room up to its bound, and for a frame of any size when nothing is in flight', () => {
    const window = new InFlightWindow(inFlightOf(100));
    expect(window.hasRoomFor(1000)).toBe(true);
    window.handleSent(90, 0);
    expect([window.hasRoomFor(10), window.hasRoomFor(11)]).toEqual([true, false]);
    window.handleSent(50, 0);
    expect([window.hasRoomFor(1), window.inFlightBytes]).toEqual([false, 140]);
  });

  it('has room again when enough is acknowledged', () => {
    const window = new InFlightWindow(inFlightOf(100));
    window.handleSent(150, 0);
    window.handleAcknowledged(59, 5);
    expect(window.hasRoomFor(10)).toBe(false);
    window.handleAcknowledged(60, 5);
    expect([window.hasRoomFor(10), window.inFlightBytes]).toEqual([true, 90]);
    window.handleAcknowledged(150, 5);
    expect(window.hasRoomFor(1000)).toBe(true);
  });

  it('takes the same acknowledgement twice', () => {
    const window = new InFlightWindow(inFlightOf(100));
    window.handleSent(10, 0);
    window.handleAcknowledged(10, 5);
    window.handleAcknowledged(10, 5);
    expect(window.inFlightBytes).toBe(0);
  });

  it.each([
    ['goes backwards', 19, 'ACK of 19 bytes, expected between 20 and 30'],
    ['counts what was not sent', 31, 'ACK of 31 bytes, expected between 20 and 30'],
  ])('refuses an acknowledgement that %s', (_what, bytes, message) => {
    const window = new InFlightWindow(inFlightOf(100));
    window.handleSent(30, 0);
    window.handleAcknowledged(20, 5);
    const error = errorOf(() => window.handleAcknowledged(bytes, 5));
    expect(error).toMatchObject({ wireError: WireError.INVALID_ACKNOWLEDGEMENT, message });
  });
});
