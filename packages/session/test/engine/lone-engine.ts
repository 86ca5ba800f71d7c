import type { Role } from '../../src/engine/role.ts';
import type { OutputBatch } from '../../src/engine/sending/output-batch.ts';
import type { SessionEngine } from '../../src/engine/session-engine.ts';
import { createEngine, type EngineOptions } from './engine-options.ts';
import { describeFrame, FrameReader, joinBytes, type SeenFrame } from './frames.ts';
import { TestApplication } from './test-application.ts';

/** One engine, whose peer is a script: frames go in, and what it sends is read. */
export class LoneEngine {
  readonly application = new TestApplication();
  readonly engine: SessionEngine;
  readonly #reader = new FrameReader();
  nowMs = 0;

  constructor(role: Role, options: EngineOptions = {}) {
    this.engine = createEngine(role, this.application, options);
    this.application.engine = this.engine;
  }

  receive(...frames: readonly Uint8Array[]): this {
    this.engine.receive(joinBytes(...frames), this.nowMs);
    return this;
  }

  /** All that it sends now, each write done at once. */
  takeFrames(): SeenFrame[] {
    const frames: SeenFrame[] = [];
    for (let batch = this.takeBatch(); batch; batch = this.takeBatch()) {
      frames.push(...this.#reader.read(joinBytes(...batch.finish())));
      this.engine.handleWritten(this.nowMs);
    }
    return frames;
  }

  /** The same in a few words a frame. */
  take(): string[] {
    return this.takeFrames().map(describeFrame);
  }

  /** The next write, which is not done yet. */
  takeBatch(): OutputBatch | undefined {
    return this.engine.takeOutput(this.nowMs);
  }

  /** Time passes, and deadlines with it. */
  advanceTo(nowMs: number): this {
    while (this.engine.deadlineMs <= nowMs) {
      this.nowMs = Math.max(this.nowMs, this.engine.deadlineMs);
      const before = this.engine.deadlineMs;
      this.engine.handleDeadline(this.nowMs);
      if (this.engine.deadlineMs <= before) break;
    }
    this.nowMs = nowMs;
    return this;
  }
}
