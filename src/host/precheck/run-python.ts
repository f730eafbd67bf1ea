import type { z } from 'zod';

import { runBounded } from '../process/run-bounded.ts';
import { parseJson } from './parse-json.ts';
import { answerMark } from './venv-script.ts';

export interface PythonQuestion<Schema extends z.ZodType> {
  python: string;
  /** Interpreter options before the script, such as `-I`. */
  options: readonly string[];
  script: string;
  /** Given to the script as JSON. */
  argument: unknown;
  env: Readonly<Record<string, string>>;
  cwd: string;
  timeoutMs: number;
  schema: Schema;
}

export type PythonAnswer<Value> = { kind: 'facts'; facts: Value } | { kind: 'failed'; message: string };

/** Runs a script of `venv-script.ts` with a time limit and reads its one answer line; every failure is a value. */
export async function runPython<Schema extends z.ZodType>(
  question: PythonQuestion<Schema>,
): Promise<PythonAnswer<z.infer<Schema>>> {
  const { python, options, script, argument, env, cwd, timeoutMs } = question;
  const run = await runBounded({
    program: python,
    args: [...options, '-c', script, JSON.stringify(argument)],
    timeoutMs,
    env,
    cwd,
  });
  switch (run.kind) {
    case 'timed-out':
      return { kind: 'failed', message: `no answer within ${timeoutMs / 1000} s` };
    case 'not-started':
      return { kind: 'failed', message: `it cannot be started (${run.code || run.message})` };
    case 'exited': {
      const line = run.stdout.split('\n').findLast((text) => text.startsWith(answerMark));
      const parsed = question.schema.safeParse(parseJson(line?.slice(answerMark.length) ?? ''));
      return parsed.success
        ? { kind: 'facts', facts: parsed.data }
        : { kind: 'failed', message: endText(run.exitCode, run.signal, run.stderr) };
    }
  }
}

function endText(exitCode: number | null, signal: string | null, stderr: string): string {
  const said = stderr.trim().split('\n').slice(-3).join(' / ').slice(-400);
  return `it ended with ${signal ?? `code ${exitCode ?? '?'}`}${said === '' ? ' and said nothing' : `: ${said}`}`;
}
