// What the programs that talk to this server have in common with it: how things look in a terminal.
export { BYTE_RATE_FORMS, parseByteRate } from './byte-rate.ts';
export { fitColumns } from './terminal/fit-columns.ts';
export { printable } from './terminal/printable.ts';
export { formatDateTime } from './terminal/date-time.ts';
export { progressLines, type TransferView } from './terminal/progress-line.ts';
export { formatBytes, formatClock, formatCount, formatDuration, formatRate } from './terminal/quantities.ts';
export { Screen, type Style } from './terminal/screen.ts';
export { culpritOf, type SendingView, viewSending } from './terminal/sending-view.ts';
export { TransferBoard } from './terminal/transfer-board.ts';
export { doneLine, failedEntryLines, failedLine } from './terminal/transfer-summary.ts';
export { transferTitle } from './terminal/transfer-title.ts';
export { Interruption } from './interruption.ts';
export { printJsonLine } from './terminal/json-line.ts';
export { errorFacts, printProgressAsJson, readProgress, resultFacts } from './terminal/json-transfer.ts';
export { ArrayBoard } from './terminal/array-board.ts';
export { ArrayMeter } from './terminal/array-meter.ts';
export { coloursText, imageLines } from './terminal/image-lines.ts';
export { JsonArrayProgress } from './terminal/json-array.ts';
export { imageFacts } from './terminal/json-image.ts';
export { portraitText } from './terminal/portrait-text.ts';

// What they may send and ask.
export { IMAGE_CHANNEL, MAX_IMAGE_BYTES } from './images/image.ts';
export { ImageOutcome } from './images/image-outcome.ts';
export {
  ClientPortrait,
  ClientQuestion,
  drawPortrait,
  Participant,
  QUESTION_CHANNEL,
  questionCodec,
  ServerPortrait,
  ServerQuestion,
} from './questions/questions.ts';
