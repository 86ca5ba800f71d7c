import { setImmediate } from 'node:timers/promises';
import { formatBytes, MAX_IMAGE_BYTES, Screen } from '@tcpcomm/demo-server';
import { SessionClosedError } from '@tcpcomm/protocol';
import type { Command } from 'commander';
import { parseSeed, parseSide } from '../option-parsers.ts';
import { askServer } from '../questions/server-questions.ts';
import type { CommandContext, RunSteps } from '../run-command.ts';
import { drawJuliaRows, JULIA_CHANNELS, type JuliaSpec } from './julia-picture.ts';
import { sendImage } from './send-image.ts';

/** So many are drawn between two looks at whether to go on. */
const PIXELS_AT_ONCE = 200_000;

const EXAMPLES = `
Examples:
  $ npx --yes pnpm@12 demo:client image
      a Julia set of 1280 x 960 pixels

  $ npx --yes pnpm@12 demo:client image --width 3840 --height 2160 --seed 8
      a larger one, another one

It is drawn here, sent as an array of the shape [height, width, 3], and kept by the server as a PNG file in the folder of its
--images, or of its --root. The same width, height and seed are always the same image.
`;

/** Adds `image`, which is carried out by `run`. */
export function addImageCommand(program: Command, run: RunSteps): void {
  program
    .command('image')
    .summary('draw an image and send it as an array')
    .description('Draws an image, sends it to the server as an array, and shows what the server says of it.')
    .option('--width <pixels>', 'how wide', parseSide, 1_280)
    .option('--height <pixels>', 'how high', parseSide, 960)
    .option('--seed <number>', 'which image', parseSeed, 5)
    .addHelpText('after', EXAMPLES)
    .action((spec: JuliaSpec, command: Command) => {
      requireSize(spec, command);
      let pixels = new Uint8Array();
      return run(command, new Screen(), {
        lasts: true,
        check: async ({ report, interruption }) => {
          report.note(`Drawing ${spec.width} x ${spec.height} pixels ...`);
          pixels = await draw(spec, interruption.signal);
        },
        act: (context) => send(context, spec, pixels),
      });
    });
}

function requireSize({ width, height }: JuliaSpec, command: Command): void {
  const bytes = width * height * JULIA_CHANNELS;
  if (bytes <= MAX_IMAGE_BYTES) return;
  const limit = `the server takes ${formatBytes(MAX_IMAGE_BYTES)} at most`;
  command.error(`error: an image of ${width} x ${height} pixels has ${formatBytes(bytes)}, ${limit}`);
}

/** Row by row, so that Ctrl-C is heard. */
async function draw(spec: JuliaSpec, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height } = spec;
  const pixels = new Uint8Array(width * height * JULIA_CHANNELS);
  const rows = Math.max(1, Math.floor(PIXELS_AT_ONCE / width));
  for (let row = 0; row < height; row += rows) {
    drawJuliaRows(pixels, spec, row, Math.min(height, row + rows));
    await setImmediate(undefined, { signal });
  }
  return pixels;
}

async function send(context: CommandContext, spec: JuliaSpec, pixels: Uint8Array): Promise<void> {
  const { client, report, options, interruption } = context;
  const { signal } = interruption;
  // A server that takes no arrays does not say so: it would be waited for.
  await askServer(client, { timeoutMs: options.timeoutMs, signal });
  const { width, height, seed } = spec;
  const label = `julia ${seed}`;
  try {
    const image = { label, width, height, pixels };
    const { outcome, elapsedMs, sha256 } = await sendImage(client, image, report.imageMoves.bind(report));
    if (outcome.sha256 !== sha256)
      throw new Error(`the image has changed on its way: sha256 ${sha256}, at the server ${outcome.sha256}`);
    report.imageKept(outcome, elapsedMs);
  } catch (error) {
    report.imageStopped();
    if (client.isOpen || signal.aborted) throw error;
    // The server's reason tells more than what it did to the image.
    throw new SessionClosedError(`the server is gone: ${(await client.closed).message}`);
  }
}
