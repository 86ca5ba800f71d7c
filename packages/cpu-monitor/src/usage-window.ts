/** What has been counted up to a moment, each from a beginning of its own that does not change. */
export interface CpuReading {
  readonly atMs: number;
  readonly cpuMs: number;
  /** For how long the event loop had something to do, and for how long it waited. */
  readonly loopActiveMs: number;
  readonly loopIdleMs: number;
}

/** What the readings of a time come to. */
export interface Usage {
  /** The time that they are of: the window, or less when it has only begun, or more when it could not be measured in between. */
  readonly spanMs: number;
  /** 0 to 1 for one thread, more for several: CPU time for each unit of time. */
  readonly share: number;
  /** 0 to 1. */
  readonly loopShare: number;
}

/** Averages over the last `windowMs`. */
export class UsageWindow {
  readonly #windowMs: number;
  readonly #readings: CpuReading[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Takes a reading; undefined when there is no earlier one to compare it with. */
  add(reading: CpuReading): Usage | undefined {
    const readings = this.#readings;
    // Two readings of one moment have nothing between them to divide by.
    if (reading.atMs <= (readings.at(-1)?.atMs ?? -Infinity)) return undefined;
    readings.push(reading);
    // The oldest one is at the beginning of the window or before it, so that the average is never of less than that.
    while (readings[1] && readings[1].atMs <= reading.atMs - this.#windowMs) readings.shift();
    const oldest = readings[0];
    return oldest === undefined || oldest === reading ? undefined : between(oldest, reading);
  }
}

function between(earlier: CpuReading, later: CpuReading): Usage {
  const spanMs = later.atMs - earlier.atMs;
  const activeMs = later.loopActiveMs - earlier.loopActiveMs;
  const idleMs = later.loopIdleMs - earlier.loopIdleMs;
  const loopMs = activeMs + idleMs;
  return {
    spanMs,
    // Clocks of the kernel that are read one after the other may differ by a tick.
    share: Math.max(0, (later.cpuMs - earlier.cpuMs) / spanMs),
    loopShare: loopMs > 0 ? Math.min(1, Math.max(0, activeMs / loopMs)) : 0,
  };
}
