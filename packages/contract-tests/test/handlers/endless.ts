export const onMessage = (): void => undefined;
await new Promise(() => undefined);
