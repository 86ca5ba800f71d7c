import type { TcpCommClient } from '@tcpcomm/client';
import {
  type ClientPortrait,
  ClientQuestion,
  drawPortrait,
  ImageOutcome,
  Participant,
  QUESTION_CHANNEL,
  questionCodec,
  ServerPortrait,
  type ServerQuestion,
} from '@tcpcomm/demo-server';
import type { RequestOptions, TypedChannel } from '@tcpcomm/session';

/** Answers the server when it asks what this client is. */
export function answerServer(client: TcpCommClient): void {
  channelOf(client).onRequest((): ClientPortrait => drawPortrait());
}

/** Who is there, this client included. @throws as `request` of a session */
export async function askWho(client: TcpCommClient, options: RequestOptions): Promise<Participant[]> {
  const question: ServerQuestion = { ask: 'who' };
  const participants: Participant[] = [];
  for await (const participant of channelOf(client).requestStream(question, { schema: Participant, ...options })) {
    participants.push(participant);
  }
  return participants;
}

/** What the server is. @throws as `request` of a session */
export function askServer(client: TcpCommClient, options: RequestOptions): Promise<ServerPortrait> {
  const question: ServerQuestion = { ask: 'server' };
  return channelOf(client).request(question, { schema: ServerPortrait, ...options });
}

/** What became of an image that was sent as the array of this number. @throws as `request` of a session */
export function askImage(client: TcpCommClient, id: number, options: RequestOptions): Promise<ImageOutcome> {
  const question: ServerQuestion = { ask: 'image', id };
  return channelOf(client).request(question, { schema: ImageOutcome, ...options });
}

function channelOf(client: TcpCommClient): TypedChannel<unknown, ClientQuestion> {
  return client.channel(QUESTION_CHANNEL, { codec: questionCodec, schema: ClientQuestion });
}
