import { randomBytes } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type ScriptedSuite, makeScriptedSuite } from '../../fixtures/scripted-suite/make-scripted-suite.ts';
import { type CalibRun, runBuiltCalib } from '../../e2e/built-calib.ts';
import { type EmbeddedUp, startUp } from '../../e2e/embedded-up.ts';

describe('a session whose payloads are encrypted', () => {
  let suite: ScriptedSuite;
  let up: EmbeddedUp;
  let keyed: Record<string, string>;
  let session: string;

  /** A command with the key file. */
  async function calib(...args: string[]): Promise<CalibRun> {
    return await runBuiltCalib(args, { env: { ...up.env, ...keyed } });
  }

  beforeAll(async () => {
    suite = await makeScriptedSuite();
    const keys = join(suite.dir, 'keys');
    await writeFile(keys, `2026-11 ${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
    keyed = { CALIB_PAYLOAD_KEYS: keys };
    up = await startUp({ env: keyed });
    // A failure, too: its message travels another way than inputs and results.
    await suite.script('alpha', { end: { when: 'before-results', signal: 'SIGSEGV' } }, 1);
    const started = await calib('start', ...suite.options, '--repeats', '1', '--label', 'sealed', '--json');
    expect(started.exitCode, started.stderr).toBe(0);
    session = (await readdir(join(suite.repo, '.tune-runs')))[0] ?? '';
  });

  afterAll(async () => {
    await up.close();
    await suite.remove();
  });

  it('reaches its decision, and queries answer as ever', async () => {
    const audit = await calib('query', session, 'strict-audit', '--json');
    expect(JSON.parse(audit.stdout)).toMatchObject({ strict_complete: true, strict_ready: 3 });
  });

  it('a command without the key says that a key is missing, and which variable names it', async () => {
    const { exitCode, stderr } = await up.calib('query', session, 'strict-audit');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('CALIB_PAYLOAD_KEYS');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('the decision is taken, and the report is where it always is', async () => {
    const { exitCode, stderr } = await calib('signal', session, 'apply', '--mode', 'report');
    expect(exitCode, stderr).toBe(0);
    expect(await readFile(join(suite.repo, '.tune-runs', session, 'report.md'), 'utf8')).toContain(
      suite.commit,
    );
  });

  it('nothing that the session told the server can be read in its database', async () => {
    const files = (await readdir(up.dir)).filter((name) => /^temporal\.db(-wal|-shm)?$/.test(name));
    const database = Buffer.concat(await Promise.all(files.map((name) => readFile(join(up.dir, name)))));
    const told = [suite.repo, suite.venvPython, 'tests/test_alpha_ci.py', 'alpha_accuracy', 'SIGSEGV'];
    expect(told.filter((text) => database.includes(text))).toEqual([]);
    // The search would find it: ids and activity names stay in clear.
    expect([session, 'runRepeat'].filter((text) => !database.includes(text))).toEqual([]);
  });
});
