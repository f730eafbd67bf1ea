import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type EmbeddedUp, startUp } from '../../e2e/embedded-up.ts';
import { type SpeechRepository, makeSpeechRepository } from '../../e2e/speech-repository.ts';

interface AuditedStage {
  stage_key: string;
  cells: string[];
}

const stages = ['commands_accuracy', 'commands_wer', 'commands_speed'];

describe('a session of the speech suite, from start to decision', () => {
  let up: EmbeddedUp;
  let speech: SpeechRepository;
  let started: { exitCode: number | undefined; stdout: string; stderr: string };
  let session: string;
  let runDir: string;

  beforeAll(async () => {
    [up, speech] = await Promise.all([startUp(), makeSpeechRepository()]);
    started = await up.calib(
      'start',
      ...speech.options,
      '--stages',
      'commands',
      '--repeats',
      '2',
      '--label',
      'happy',
    );
    session = /^session: (.+)$/m.exec(started.stdout)?.[1] ?? '';
    runDir = join(speech.dir, '.tune-runs', session);
  });

  afterAll(async () => {
    await up.close();
    await rm(speech.dir, { recursive: true, force: true });
  });

  it('start names commit, run directory, session and Web UI page, and follows until the decision is due', () => {
    expect(started.exitCode, started.stderr).toBe(0);
    const lines = started.stdout.split('\n');
    expect(lines[0]).toBe(
      `Running speech: ${stages.join(', ')}, 2 repeats on commit ${speech.commit}, run-dir ${runDir}.`,
    );
    expect(lines).toContain(`web ui:  ${up.ui}/namespaces/default/workflows/${session}`);
    expect(lines.at(-1)).toMatch(/^awaiting the decision since /);
    expect(started.stderr).toContain(`calib signal ${session} apply --mode report`);
  });

  it('prints a progress line at each change, with the strict count', () => {
    for (const count of ['0/6', '3/6', '6/6']) expect(started.stderr).toContain(`${count} strict ✓`);
    expect(started.stderr).toContain('test_speech_commands_ci · repeat 2/2');
  });

  it('the link that start prints is a page of the Web UI', async () => {
    const page = await fetch(`${up.ui}/namespaces/default/workflows/${session}`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
  });

  it('list shows the session with state, commit and strict count', async () => {
    const { exitCode, stdout } = await up.calib('list', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      { session, state: 'awaiting_decision', model: 'speech', git_sha: speech.commit, strict: 6, total: 6 },
    ]);
  });

  it('the live audit and the audit of the directory agree cell by cell', async () => {
    const [live, offline] = await Promise.all([
      up.calib('query', 'latest', 'strict-audit', '--any', '--json'),
      up.calib('strict-audit', '--run-dir', runDir, '--json'),
    ]);
    expect([live.exitCode, offline.exitCode]).toEqual([0, 0]);
    expect(JSON.parse(live.stdout)).toEqual(JSON.parse(offline.stdout));
  });

  it('the live status and the status of the directory agree on everything the session can see', async () => {
    const [live, offline] = await Promise.all([
      up.calib('query', session, 'status'),
      up.calib('status', '--run-dir', runDir),
    ]);
    expect([live.exitCode, offline.exitCode]).toEqual([0, 0]);
    const [seen, recorded] = [live, offline].map(
      ({ stdout }) => JSON.parse(stdout) as Record<string, unknown>,
    );
    const shared = ['complete', 'ok', 'total', 'missing', 'strict', 'strict_ready'];
    for (const field of [...shared, 'git_provenance', 'calibration_git_sha']) {
      expect(seen?.[field], field).toBeDefined();
      expect(seen?.[field], field).toEqual(recorded?.[field]);
    }
    expect(JSON.parse(live.stdout)).toMatchObject({
      state: 'awaiting_decision',
      calibration_git_sha: speech.commit,
    });
  });

  it('every topic of query answers, the JSON ones with JSON alone on stdout', async () => {
    const topics = ['plan', 'units', 'apply-plan'];
    const runs = await Promise.all(topics.map((topic) => up.calib('query', session, topic, '--json')));
    const [plan, units, applyPlan] = runs.map(({ stdout }) => JSON.parse(stdout) as Record<string, unknown>);
    expect(plan).toMatchObject({ session_id: session, git_sha: speech.commit, repeats: 2 });
    expect(units).toMatchObject([{ namespace: 'test_speech_commands_ci', repeats: ['done', 'done'] }]);
    expect(applyPlan).toMatchObject({ model: 'speech' });
    const report = await up.calib('query', session, 'report');
    expect(report.stdout.trim()).toBe((await readFile(join(runDir, 'report.md'), 'utf8')).trim());
  });

  it('watch comes back at once when a decision is due', async () => {
    const { exitCode, stdout } = await up.calib('watch', session.slice(0, 18), '--json');
    expect(exitCode).toBe(0);
    const events = stdout.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.at(-1)).toMatchObject({ session, state: 'awaiting_decision' });
  });

  it('the report has a row per repeat and stage, the worst of N per metric, and the full commit', async () => {
    const report = await readFile(join(runDir, 'report.md'), 'utf8');
    expect(report).toContain(speech.commit);
    for (const repeat of [1, 2])
      expect(report.match(new RegExp(`^\\| ${repeat} \\|`, 'gm'))).toHaveLength(stages.length);
    expect(report.match(/^\| \*\*Worst-of-2\*\*/gm)).toHaveLength(stages.length);
    const accuracies = await Promise.all(
      [1, 2].map(async (k) => await metric(runDir, 'commands_accuracy', k, 'accuracy')),
    );
    expect(report).toContain(`**${(Math.min(...accuracies) * 100).toFixed(2)}**`);
  });

  it('the decision is taken once, and the session completes', async () => {
    const first = await up.calib('signal', session, 'apply', '--mode', 'report');
    expect(first).toMatchObject({ exitCode: 0, stdout: 'report only: no file edited' });
    const second = await up.calib('signal', session, 'apply', '--mode', 'report');
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toMatch(/^refused: /);
    const listed = await up.calib('list', '--all', '--json');
    expect(JSON.parse(listed.stdout)).toMatchObject([{ session, state: 'completed' }]);
    const audit = await up.calib('query', session, 'strict-audit', '--json');
    const stagesAudited = (JSON.parse(audit.stdout) as { stages: AuditedStage[] }).stages;
    expect(stagesAudited.map(({ cells }) => cells.join(''))).toEqual(['✓✓', '✓✓', '✓✓']);
  });
});

async function metric(runDir: string, stage: string, repeat: number, name: string): Promise<number> {
  const text = await readFile(join(runDir, stage, `run${repeat}.json`), 'utf8');
  return (JSON.parse(text) as { metrics: Record<string, number> }).metrics[name] ?? Number.NaN;
}
