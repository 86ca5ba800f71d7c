// Takes the claim on the file given, says whether it has it, keeps it until it is killed, and says whether it still has it when asked.
import process from 'node:process';
import { PartClaim } from '../../src/io/files/part-claim.ts';

const [path = '', durableBytes = '0'] = process.argv.slice(2);
const source = { sizeBytes: 1_000, modifiedMs: 5 };
try {
  const claim = await PartClaim.take(path, 'the name', source);
  if (durableBytes !== '0') await claim.advance(Number(durableBytes));
  process.stdout.write(`held ${claim.leftover.durableBytes}\n`);
  process.stdin.on('data', () => {
    claim.requireHeld().then(
      () => process.stdout.write('still held\n'),
      (error: unknown) => process.stdout.write(`${String((error as { code?: string }).code)}\n`),
    );
  });
} catch (error) {
  process.stdout.write(`${String((error as { code?: string }).code)}\n`);
}
process.stdin.resume();
