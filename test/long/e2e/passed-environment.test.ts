import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { filesBelow, textsOf } from '../../fixtures/files-below.ts';
import { type ScriptedSuite, makeScriptedSuite } from '../../fixtures/scripted-suite/make-scripted-suite.ts';
import { type EmbeddedUp, startUp } from '../../e2e/embedded-up.ts';

const hidden = 'http://mirror.invalid/only-in-the-shell';
const stray = 'a-variable-that-nobody-named';
const shell = { MIRROR_ENDPOINT: hidden, STRAY_SETTING: stray };
const names = ['MIRROR_ENDPOINT', 'HF_ENDPOINT', 'NCCL_DEBUG', 'STRAY_SETTING'];

let up: EmbeddedUp;
let suite: ScriptedSuite;
let session: string;
let runDir: string;

function args(...more: string[]): string[] {
  return [...suite.options.map((option) => (option === '--no-host' ? '--host=tuned' : option)), ...more];
}

beforeAll(async () => {
  up = await startUp();
  suite = await makeScriptedSuite();
  await mkdir(join(suite.catalog, 'hosts'), { recursive: true });
  await writeFile(join(suite.catalog, 'hosts/tuned.yaml'), 'name: tuned\nenv:\n  NCCL_DEBUG: WARN\n');
  await suite.script('alpha', { environment: names });
  const named = ['--env', 'HF_ENDPOINT=http://mirror.invalid/recorded', '--env', 'MIRROR_ENDPOINT'];
  const started = await up.calibAs(
    shell,
    'start',
    ...args('--detach', '--repeats', '1', '--label', 'environment', ...named),
  );
  expect(started.exitCode, started.stderr).toBe(0);
  session = /\d{8}T\d{6}Z_environment/.exec(started.stdout + started.stderr)?.[0] ?? '';
  runDir = join(suite.repo, '.tune-runs', session);
  await up.untilPhase(session, 'awaiting_decision');
});

afterAll(async () => {
  await up.close();
  await suite.remove();
});

it('what --env names and the host profile sets reaches the tests, and nothing else of the shell', async () => {
  const seen: unknown = JSON.parse(await readFile(join(suite.control, 'alpha.environment'), 'utf8'));
  expect(seen).toEqual({
    MIRROR_ENDPOINT: hidden,
    HF_ENDPOINT: 'http://mirror.invalid/recorded',
    NCCL_DEBUG: 'WARN',
    STRAY_SETTING: null,
  });
});

it('a value that was only named is in no history and no record; one that was given is in both', async () => {
  const { events } = await up.client.workflow.getHandle(session).fetchHistory();
  const records = (await filesBelow(runDir)).filter(({ path }) => !path.includes('/basetemp_run'));
  const history = textsOf(events);
  const recorded = records.map(({ bytes }) => bytes.toString('latin1')).join('\n');
  for (const text of [history, recorded]) {
    expect(text).not.toContain(hidden);
    expect(text).not.toContain(stray);
    expect(text).toContain('MIRROR_ENDPOINT');
    expect(text).toContain('http://mirror.invalid/recorded');
    expect(text).toContain('NCCL_DEBUG');
  }
});

it('a resume without the name is refused, with what to add', async () => {
  await up.calib('signal', session, 'abort', '--yes');
  await up.untilPhase(session, 'aborted');
  const refused = await up.calib('start', ...args('--resume', runDir));
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain('add --env MIRROR_ENDPOINT');
});

it('a URL with a password is refused before anything is created', async () => {
  const before = (await filesBelow(join(suite.repo, '.tune-runs'))).length;
  const url = 'http://me:secret-word@mirror.invalid';
  const refused = await up.calib('start', ...args('--repeats', '1', '--env', `HF_ENDPOINT=${url}`));
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain('HF_ENDPOINT');
  expect(refused.stderr).not.toContain('secret-word');
  expect((await filesBelow(join(suite.repo, '.tune-runs'))).length).toBe(before);
});
