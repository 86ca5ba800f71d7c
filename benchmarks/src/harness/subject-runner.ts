// The program of a subject's process: does what the harness asks, over the channel that `fork` has opened.
import { processUsage } from '../measure/usage.ts';
import type { Answer, AnswerByKind, Part, Question } from './role-messages.ts';
import type { Driving, Serving, Subject } from './subject.ts';
import type { Suite } from './suite.ts';

let end: Serving | Driving | undefined;

process.on('message', (question: Question) => {
  void answer(question).then((reply) => {
    process.send?.(reply, () => {
      if (question.kind === 'stop') process.exit();
    });
  });
});

// The harness is gone: this process ends, and with it the programs that it has started.
process.on('disconnect', () => {
  if (process.platform === 'win32') process.exit(1);
  process.kill(-process.pid, 'SIGKILL');
});

async function answer(question: Question): Promise<Answer> {
  try {
    return { value: await perform(question) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

async function perform(question: Question): Promise<AnswerByKind[keyof AnswerByKind]> {
  switch (question.kind) {
    case 'serve': {
      const { part, load, host } = question;
      const serving = await (await loadSubject(part)).serve(load, part.folder, host);
      end = serving;
      return serving.endpoint;
    }
    case 'drive': {
      const { part, load, endpoint } = question;
      end = await (await loadSubject(part)).drive(load, endpoint, part.folder);
      return null;
    }
    case 'run':
      return requireDriving().run(question.load);
    case 'check':
      await requireDriving().check?.(question.load);
      return null;
    case 'usage':
      return (end?.usage ? end.usage() : processUsage()) ?? null;
    case 'stop':
      await end?.close();
      return null;
  }
}

function requireDriving(): Driving {
  if (end === undefined || !('run' in end)) throw new Error('only a client that is connected can run');
  return end;
}

async function loadSubject(part: Part): Promise<Subject> {
  const { suite } = (await import(part.suiteUrl)) as { readonly suite: Suite };
  const load = suite.subjects[part.subject];
  if (load === undefined) throw new Error(`suite ${suite.name} has no subject ${part.subject}`);
  return (await load()).subject;
}
