export const onMessage = (): void => undefined;
// As a loop without an end does.
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
