export const onMessages = (): void => undefined;
