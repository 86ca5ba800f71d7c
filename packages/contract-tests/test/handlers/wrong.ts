export const onSession = 'hello';
