// Served on the server's threads, where it has any.
export const onMessage = (bytes, channel, session) => session.sendBytes(bytes, channel);
