import {
  ClientPortrait,
  coloursText,
  culpritOf,
  fitColumns,
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  portraitText,
  type Screen,
  ServerPortrait,
} from '@tcpcomm/demo-server';
import * as v from 'valibot';
import { serverLine } from '../questions/portrait-lines.ts';
import type { SpokenText } from './conversation.ts';
import { CHANNELS, CLIENTS, type PlannedFile } from './demo-plan.ts';
import { type FileOutcome, isIntact } from './file-outcome.ts';
import type { HoldupTally } from './holdup-tally.ts';
import type { ProcessEvent } from './json-process.ts';
import { median } from './median.ts';
import { isPictureIntact, type PictureOutcome } from './picture-outcome.ts';

const NAME_COLUMNS = 30;
const PICTURE_COLUMNS = 46;
const SHOWN_DIGITS = 16;
/** What is rarer goes without saying. */
const MIN_SHOWN_SHARE = 0.01;

/** What a client and the server have asked each other, and the answers, as their events tell. */
export function printQuestions(client: string, atServer: ProcessEvent, atClient: ProcessEvent, screen: Screen): void {
  const ask = screen.paint('dim', 'asks');
  screen.print(`  server ${ask} ${client}: ${portraitText(v.parse(ClientPortrait, atServer))}`);
  screen.print(`  ${client} ${ask} server: ${serverLine(v.parse(ServerPortrait, atClient))}`);
}

/** The files with their sizes, rates and hashes. */
export function printFiles(outcomes: readonly FileOutcome[], screen: Screen): void {
  screen.print(`\n${screen.paint('bold', 'Files that arrived, in both directions at once')}`);
  for (const outcome of outcomes) {
    const { file, elapsedMs, sourceSha256, targetSha256, clientXxh64, serverXxh64 } = outcome;
    const sign = isIntact(outcome) ? screen.paint('green', '✓') : screen.paint('red', '✗');
    const path = `${file.client} ${file.action === 'get' ? '←' : '→'} server`;
    const rate = file.sizeBytes === 0 ? '' : formatRate((file.sizeBytes / elapsedMs) * 1_000);
    const size = formatBytes(file.sizeBytes).padStart(9);
    const time = formatDuration(elapsedMs).padStart(9);
    screen.print(
      `  ${sign} ${path.padEnd(15)} ${fitColumns(nameOf(file), NAME_COLUMNS)} ${size}${time}${rate.padStart(11)}`,
    );
    screen.print(`      sha256 at both ends   ${compare(sourceSha256, targetSha256, screen)}`);
    if (!file.folder) screen.print(`      xxh64 on the way      ${compare(clientXxh64, serverXxh64, screen)}`);
  }
}

/** The pictures with their sizes, rates, hashes and colours. */
export function printPictures(outcomes: readonly PictureOutcome[], screen: Screen): void {
  screen.print(`\n${screen.paint('bold', 'Pictures that arrived as arrays, beside the files')}`);
  for (const outcome of outcomes) {
    const { picture, elapsedMs, sentSha256, found } = outcome;
    const sign = isPictureIntact(outcome) ? screen.paint('green', '✓') : screen.paint('red', '✗');
    const name = `${picture.client}'s ${picture.name}, ${picture.width} x ${picture.height}`;
    const bytes = found?.bytes ?? 0;
    const amount = `${formatBytes(bytes).padStart(9)}${formatDuration(elapsedMs).padStart(9)}`;
    const rate = formatRate((bytes / elapsedMs) * 1_000).padStart(11);
    screen.print(`  ${sign} ${fitColumns(name, PICTURE_COLUMNS)} ${amount}${rate}`);
    screen.print(`      sha256 of the array   ${compare(sentSha256, found?.sha256 ?? 'nothing', screen)}`);
    if (found === undefined) continue;
    screen.print(`      colours               ${screen.paint('dim', coloursText(found.colours))}`);
    if (found.png) {
      const png = `${found.png.name}, ${formatBytes(found.png.bytes)}`;
      screen.print(`      PNG of the server's   ${screen.paint('dim', png)}`);
    }
  }
}

/** The texts of each channel and direction with their latencies; `lost` is how many did not arrive. */
export function printTexts(texts: readonly SpokenText[], lost: number, screen: Screen): void {
  const during = texts.filter((text) => text.wasWhileFilesMoved);
  screen.print(
    `\n${screen.paint('bold', `${during.length} texts arrived while files moved`)}, ${texts.length} in all, ${lost === 0 ? 'none' : lost} lost`,
  );
  for (const channel of CHANNELS) {
    for (const from of CLIENTS) {
      const latencies = during
        .filter((text) => text.channel === channel && text.from === from)
        .map((text) => text.latencyMs);
      const middle = median(latencies);
      if (middle === undefined) continue;
      const to = CLIENTS.find((name) => name !== from)!;
      const path = `${from} → ${to}`;
      const times = `median ${formatDuration(middle)}, slowest ${formatDuration(Math.max(...latencies))}`;
      const count = `${latencies.length} texts`.padStart(9);
      screen.print(
        `  channel ${String(channel).padStart(3)}  ${path.padEnd(12)} ${count}   ${screen.paint('dim', times)}`,
      );
    }
  }
}

/**
 * What the demo shows, in one line: `While files moved: texts 1.4 ms, round trip 1.1 ms (medians); files held back by throttle
 * 97 %, link 3 %`. The shares are those of the looks that the sending ends took.
 */
export function summaryLine(texts: readonly SpokenText[], { holdups, roundTripMs }: HoldupTally): string {
  const textMs = median(texts.filter((text) => text.wasWhileFilesMoved).map((text) => text.latencyMs));
  const [text, roundTrip] = [textMs, roundTripMs].map((ms) => (ms === undefined ? 'unknown' : formatDuration(ms)));
  const shares = holdups
    .filter(({ share }) => share >= MIN_SHOWN_SHARE)
    .map(({ limitedBy, share }) => `${culpritOf(limitedBy) ?? 'nothing'} ${Math.round(share * 100)} %`);
  const files = `files held back by ${shares.join(', ') || 'nothing known'}`;
  return `While files moved: texts ${text!}, round trip ${roundTrip!} (medians); ${files}`;
}

/** One text, as it arrives. */
export function textLine({ from, to, channel, text, latencyMs }: SpokenText, screen: Screen): string {
  const where = screen.paint('dim', `channel ${String(channel).padStart(3)}`);
  return `  ${where}  ${`${from} → ${to}`.padEnd(12)} ${text}  ${screen.paint('dim', formatDuration(latencyMs))}`;
}

function nameOf({ name, folder }: PlannedFile): string {
  return folder ? `${name}/ ${formatCount(folder.files, 'file')}` : name;
}

function compare(left: string, right: string, screen: Screen): string {
  const [shownLeft, shownRight] = [left, right].map((hash) =>
    hash.length > SHOWN_DIGITS ? `${hash.slice(0, SHOWN_DIGITS)}…` : hash,
  );
  return left === right
    ? screen.paint('dim', `${shownLeft!} = ${shownRight!}`)
    : screen.paint('red', `${left} differs from ${right}`);
}
