import { InvalidMessageError, UsageError } from '@tcpcomm/protocol';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Codec } from './codec.ts';

/** How the values of a channel travel, and what of those that come is let through. */
export class MessageFormat<Sent, Received> {
  readonly #codec: Codec<Sent>;
  readonly #schema: StandardSchemaV1<unknown, Received> | undefined;

  /** @throws UsageError for a codec or a schema that is none */
  constructor(codec: Codec<Sent>, schema: StandardSchemaV1<unknown, Received> | undefined) {
    requireCodec(codec);
    if (schema !== undefined) requireSchema(schema);
    this.#codec = codec;
    this.#schema = schema;
  }

  /** The same for what another schema lets through; with none, for whatever the codec gives. */
  withSchema<Other>(schema: StandardSchemaV1<unknown, Other> | undefined): MessageFormat<Sent, Other> {
    return new MessageFormat(this.#codec, schema);
  }

  /** @throws UsageError for a value that the codec has no form for */
  encode(value: Sent): Uint8Array {
    let bytes: unknown;
    try {
      bytes = this.#codec.encode(value);
    } catch (cause) {
      throw new UsageError(`the value cannot be sent as ${this.#codec.name}: ${textOf(cause)}`, undefined, { cause });
    }
    if (bytes instanceof Uint8Array) return bytes;
    throw new UsageError(`encode of the codec for ${this.#codec.name} must return a Uint8Array, got a ${typeof bytes}`);
  }

  /** Rejects with an InvalidMessageError for bytes that the codec or the schema does not take. */
  async decode(bytes: Uint8Array): Promise<Received> {
    const value = this.#decode(bytes);
    // Without a schema it is what the codec says that it is.
    if (this.#schema === undefined) return value as Received;
    const result = await validate(this.#schema, value);
    if (result.issues === undefined) return result.value;
    throw new InvalidMessageError(`does not match the schema: ${describe(result.issues)}`);
  }

  #decode(bytes: Uint8Array): unknown {
    try {
      return this.#codec.decode(bytes);
    } catch (cause) {
      throw new InvalidMessageError(`is not ${this.#codec.name}: ${textOf(cause)}`, { cause });
    }
  }
}

async function validate<Received>(
  schema: StandardSchemaV1<unknown, Received>,
  value: unknown,
): Promise<StandardSchemaV1.Result<Received>> {
  try {
    return await schema['~standard'].validate(value);
  } catch (cause) {
    throw new InvalidMessageError(`cannot be checked, the schema throws: ${textOf(cause)}`, { cause });
  }
}

/** The first thing that is wrong, and where. */
function describe([first, ...others]: readonly StandardSchemaV1.Issue[]): string {
  const path = first?.path?.map((segment) => String(typeof segment === 'object' ? segment.key : segment)).join('.');
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  return `${path ? `${path}: ` : ''}${first?.message ?? 'it says not why'}${more}`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function requireCodec(codec: unknown): void {
  const { encode, decode } = (codec ?? {}) as { encode?: unknown; decode?: unknown };
  if (typeof encode === 'function' && typeof decode === 'function') return;
  throw new UsageError('codec must have the functions encode and decode, such as jsonCodec() has');
}

function requireSchema(schema: unknown): void {
  const isObject = (typeof schema === 'object' && schema !== null) || typeof schema === 'function';
  const standard = isObject ? (schema as { '~standard'?: { validate?: unknown } })['~standard'] : undefined;
  if (typeof standard?.validate === 'function') return;
  throw new UsageError(
    'schema must be a validator with the Standard Schema interface, as those of valibot, zod or arktype are',
  );
}
