export { type MsgpackCodec, msgpackCodec } from './msgpack-codec.ts';
