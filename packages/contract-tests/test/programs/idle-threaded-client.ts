// Makes a client on a thread of its own and does nothing with it: the process ends.
import { TcpCommClient } from '@tcpcomm/client';

export const client = new TcpCommClient({ thread: true });
