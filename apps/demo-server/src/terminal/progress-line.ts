import type { FolderProgress, TransferProgress } from '@tcpcomm/session';
import stringWidth from 'string-width';
import { fitColumns } from './fit-columns.ts';
import { printable } from './printable.ts';
import { formatBytes, formatClock, formatCount, formatRate, formatShare } from './quantities.ts';
import type { Screen } from './screen.ts';
import { formatHoldup, formatRoundTrip, type SendingView } from './sending-view.ts';
import { type TransferTitle, transferTitle } from './transfer-title.ts';

/** A transfer as it stands, for people. */
export interface TransferView extends TransferTitle {
  readonly progress: TransferProgress;
  /** Where the file is sent from. */
  readonly sending?: SendingView | undefined;
}

const MIN_TITLE_COLUMNS = 16;
const MIN_BAR_COLUMNS = 8;
const MAX_BAR_COLUMNS = 36;
const PERCENT_COLUMNS = 5;
const GAP_COLUMNS = 2;
/** As wide as they get, so that a line does not jump when a digit goes: bytes, rate, time left. */
const DETAIL_COLUMNS = [17, 10, 10];
/** What holds the file back, the round trip. Only where one of the files is sent. */
const SENDING_COLUMNS = [21, 18];

/** Without a bar, for files and pipes: `↓ picture.jpg  42 %, 10.1 of 24.0 MB, 9.0 MB/s, 0:02 left`, for a folder its files too. */
export function plainProgressLine(view: TransferView): string {
  const { percent, folder } = view.progress;
  const details = [...detailsOf(view.progress).filter((detail) => detail !== ''), ...folderDetailsOf(folder)];
  return `${titleOf(view)}  ${[`${percent} %`, ...details].join(', ')}`;
}

/**
 * A row of the terminal for each transfer, its columns in line: title, percent, bar, bytes, rate, time left; where files are
 * sent what holds them back, and the round trip. What does not fit is left out from the end, then the bar, and titles are cut
 * in their middle. Below a folder's row is another: how many of its files are done, and which one moves.
 */
export function progressLines(views: readonly TransferView[], screen: Pick<Screen, 'columns' | 'paint'>): string[] {
  const titles = views.map(titleOf);
  // The last column stays free: some terminals wrap as soon as it is written.
  let room = screen.columns - 1 - PERCENT_COLUMNS - 1;
  const detailColumns: number[] = [];
  const isSending = views.some(({ sending }) => sending !== undefined);
  for (const columns of isSending ? [...DETAIL_COLUMNS, ...SENDING_COLUMNS] : DETAIL_COLUMNS) {
    const left = room - columns - GAP_COLUMNS;
    if (left < MIN_TITLE_COLUMNS + 1 + MIN_BAR_COLUMNS) break;
    room = left;
    detailColumns.push(columns);
  }
  const longest = Math.max(...titles.map((title) => stringWidth(title)));
  const wanted = Math.min(longest, Math.max(MIN_TITLE_COLUMNS, room >> 1));
  const barColumns = Math.min(MAX_BAR_COLUMNS, room - wanted - 1);
  const titleColumns = Math.max(1, Math.min(longest, barColumns < MIN_BAR_COLUMNS ? room : room - barColumns - 1));

  return views.flatMap(({ progress, sending }, index) => {
    const title = fitColumns(titles[index]!, titleColumns);
    const percent = `${progress.percent} %`.padStart(PERCENT_COLUMNS);
    const bar = barColumns < MIN_BAR_COLUMNS ? '' : ` ${progressBar(progress.percent, barColumns, screen)}`;
    const texts = [...detailsOf(progress), ...sendingDetailsOf(sending)];
    const details = detailColumns
      .map((columns, at) => ' '.repeat(GAP_COLUMNS) + screen.paint('dim', (texts[at] ?? '').padStart(columns)))
      .join('');
    const row = `${title} ${percent}${bar}${details}`;
    const folderDetails = folderDetailsOf(progress.folder);
    if (folderDetails.length === 0) return [row];
    return [row, screen.paint('dim', fitColumns(`  ${folderDetails.join(', ')}`, screen.columns - 1))];
  });
}

function progressBar(percent: number, columns: number, screen: Pick<Screen, 'paint'>): string {
  const filled = Math.round((percent / 100) * columns);
  return screen.paint('cyan', '━'.repeat(filled)) + screen.paint('dim', '─'.repeat(columns - filled));
}

function detailsOf(progress: TransferProgress): [bytes: string, rate: string, left: string] {
  const { transferredBytes, totalBytes, bytesPerSecond, remainingMs } = progress;
  const bytes = totalBytes === undefined ? formatBytes(transferredBytes) : formatShare(transferredBytes, totalBytes);
  const left = remainingMs === undefined ? '' : `${formatClock(Math.ceil(remainingMs / 1_000) * 1_000)} left`;
  return [bytes, formatRate(bytesPerSecond), left];
}

/** `12 of 340 files`, those that failed, and the one that moves with how far it is; nothing for a file. */
function folderDetailsOf(folder: FolderProgress | undefined): string[] {
  if (folder === undefined) return [];
  const { doneFiles, totalFiles, failedFiles, currentFile, currentFileBytes, currentFileSizeBytes } = folder;
  const percent = currentFileSizeBytes > 0 ? ` ${Math.floor((currentFileBytes / currentFileSizeBytes) * 100)} %` : '';
  return [
    `${doneFiles} of ${formatCount(totalFiles, 'file')}`,
    ...(failedFiles > 0 ? [`${failedFiles} failed`] : []),
    ...(currentFile === undefined ? [] : [`now ${printable(currentFile)}${percent}`]),
  ];
}

function titleOf(view: TransferView): string {
  return transferTitle(view, view.progress.folder !== undefined);
}

function sendingDetailsOf(sending: SendingView | undefined): string[] {
  return sending === undefined ? [] : [formatHoldup(sending.limitedBy), formatRoundTrip(sending.roundTripMs)];
}
