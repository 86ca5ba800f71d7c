// Takes the claim on the file given, says whether it has it, and keeps it until it is killed or its input ends.
import process from 'node:process';
import { PartClaim } from '../../src/io/files/part-claim.ts';

const [path = '', durableBytes = '0'] = process.argv.slice(2);
const source = { sizeBytes: 1_000, modifiedMs: 5 };
try {
  const claim = await PartClaim.take(path, 'the name', source);
  if (durableBytes !== '0') await claim.advance(Number(durableBytes));
  process.stdout.write(`held ${claim.leftover.durableBytes}\n`);
} catch (error) {
  process.stdout.write(`${String((error as { code?: string }).code)}\n`);
}
process.stdin.resume();
