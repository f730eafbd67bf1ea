import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { keepRepeat } from '../../../src/activities/repeat/keep-repeat.ts';
import { openSession } from '../../../src/activities/open-session.ts';
import { readSpentAttempts } from '../../../src/activities/repeat/attempt.ts';
import {
  type Attempt,
  type CommitMarker,
  commitMarkerSchema,
} from '../../../src/domain/observation/observation.ts';
import { type RepeatRecord, repeatRecordLimit } from '../../../src/domain/pool/pool.ts';
import type { SessionPlan } from '../../../src/domain/session/session-plan.ts';
import { type DurableFiles, sha256Of } from '../../../src/host/run-directory/files.ts';
import { appendAttempt, readAttempts } from '../../../src/host/run-directory/attempts-file.ts';
import { commitRepeat } from '../../../src/host/run-directory/commit-repeat.ts';
import { discardFolders, discardRepeat } from '../../../src/host/run-directory/discard-repeat.ts';
import { packRepeat } from '../../../src/host/run-directory/travel.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { readCommittedRepeat } from '../../../src/host/run-directory/read-repeat.ts';
import { makeObservation } from '../../domain/audit/snapshot-fixture.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { failingAt } from '../../host/run-directory/failing-files.ts';
import { makeAttempt } from '../../host/run-directory/repeat-fixture.ts';
import { NAMESPACE, TEST_FILE, metricsOf } from '../../host/run-directory/run-directory-fixture.ts';
import {
  SESSION,
  contentsBelow,
  directoryWorld,
  sessionPlan,
  stages,
} from '../../activities/directory-world.ts';

const timing = { graceMs: 500, killWaitMs: 2000, busyRetryMs: 10 };
const unitStages = ['nova_accuracy', 'nova_speed'];
const observed = stages.filter(({ key }) => unitStages.includes(key));

/** A pool's session on its home host, opened. */
async function keeping() {
  const world = directoryWorld();
  const plan = await sessionPlan(world, { pool: 'h20' });
  await openSession(plan);
  const { runDir } = world;
  const place = { runDir, namespace: NAMESPACE, repeat: 1 };
  return {
    plan,
    runDir,
    place,
    keep: async (record: RepeatRecord, files?: DurableFiles) =>
      await keepRepeat({ run_dir: runDir, record }, { timing }, files),
    recorded: async () =>
      await readCommittedRepeat({
        ...place,
        stages: observed,
        commit: plan.git_sha,
        session_id: SESSION,
        tree_fingerprint: plan.tree_fingerprint,
        markers: 'required',
      }),
    folders: async () => await discardFolders(runDir, NAMESPACE),
    runLog: () => readFileSync(runPaths.runLog(runDir), 'utf8'),
    spent: async () =>
      (await readSpentAttempts({ place, input: { pass: 1 } } as Parameters<typeof readSpentAttempts>[0])).map(
        ({ n }) => n,
      ),
  };
}

type Keeping = Awaited<ReturnType<typeof keeping>>;

interface Run {
  host?: string;
  /** Numbers of its attempts; the last one yields the observations. */
  attempts?: number[];
  committed?: boolean;
  lines?: string[];
}

/** What a repeat on another host left there and brings along. */
async function recordOf({ plan }: Pick<Keeping, 'plan'>, run: Run = {}): Promise<RepeatRecord> {
  const {
    host = 'h20-2',
    attempts = [1],
    committed = true,
    lines = ['[test_nova_ci] run 1/3: measured'],
  } = run;
  const runDir = temporaryFolder();
  const place = { runDir, namespace: NAMESPACE, repeat: 1 };
  const history = attempts.map((n) => attemptAt(runDir, n));
  for (const attempt of history) await appendAttempt(place, attempt);
  if (committed) await commit(plan, { place, host, history });
  const record = await packRepeat({
    ...place,
    sessionId: SESSION,
    host,
    stages: unitStages,
    lines,
    patterns: [],
  });
  if (record === null) throw new Error('nothing to pack');
  return record;
}

function attemptAt(runDir: string, n: number): Attempt {
  return makeAttempt({ n, log: runPaths.attemptLog(runDir, NAMESPACE, 1, n) });
}

async function commit(
  plan: SessionPlan,
  made: { place: { runDir: string; namespace: string; repeat: number }; host: string; history: Attempt[] },
): Promise<void> {
  const { place, host, history } = made;
  const { git_sha, tree_fingerprint } = plan;
  const facts = {
    git_sha,
    tree_fingerprint,
    session_id: SESSION,
    namespace: NAMESPACE,
    host,
    attempt_history: history,
  };
  const observation = (stage: string) =>
    makeObservation({ metrics: metricsOf(stage, 1), ...facts, pytest_log: history.at(-1)?.log ?? '' });
  await commitRepeat({
    ...place,
    sessionId: SESSION,
    attempt: history.at(-1)?.n ?? 1,
    gitSha: git_sha,
    committedAt: '2026-04-23T05:10:02Z',
    test: TEST_FILE,
    log: history.at(-1)?.log ?? '',
    observations: {
      nova_accuracy: observation('nova_accuracy'),
      nova_speed: observation('nova_speed'),
    },
  });
}

describe('keepRepeat', () => {
  it('puts a record into the run directory as if it had run there', async () => {
    const home = await keeping();
    const record = await recordOf(home);
    await home.keep(record);
    expect(await home.recorded()).toMatchObject({ kind: 'valid' });
    for (const [path, text] of Object.entries(record.files)) {
      const file = join(home.runDir, path);
      expect([path, readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual([path, text, 0o600]);
    }
  });

  it('appends the lines of its run with the name of their host', async () => {
    const home = await keeping();
    await home.keep(await recordOf(home));
    expect(home.runLog()).toMatch(/Z h20-2: \[test_nova_ci\] run 1\/3: measured\n/);
    expect(home.runLog()).toMatch(
      /attempt 1 is recorded here, its log stays on h20-2: \/.*run1\.attempt1\.log\n$/,
    );
  });

  it('twice equals once', async () => {
    const home = await keeping();
    const record = await recordOf(home);
    await home.keep(record);
    const before = contentsBelow(home.runDir);
    await home.keep(record);
    expect(contentsBelow(home.runDir)).toEqual(before);
  });

  it('twice equals once for attempts without observations', async () => {
    const home = await keeping();
    const record = await recordOf(home, { attempts: [1, 2], committed: false });
    await home.keep(record);
    const before = contentsBelow(home.runDir);
    await home.keep(record);
    expect([await home.recorded(), contentsBelow(home.runDir)]).toEqual([{ kind: 'none' }, before]);
  });

  it('completes after a crash at any of its steps, and says its lines once', async () => {
    const counting = failingAt(Number.POSITIVE_INFINITY);
    const first = await keeping();
    await first.keep(await recordOf(first), counting.files);
    const steps = counting.stepsTaken();
    const home = await keeping();
    const record = await recordOf(home);
    const marker = runPaths.commitMarker(home.runDir, NAMESPACE, 1);
    for (let step = 1; step <= steps && !existsSync(marker); step += 1) {
      await expect(home.keep(record, failingAt(step).files)).rejects.toThrow(/crash at step/);
      expect([step, (await home.recorded()).kind === 'valid']).toEqual([step, existsSync(marker)]);
    }
    await home.keep(record);
    expect(await home.recorded()).toMatchObject({ kind: 'valid' });
    expect(home.runLog().match(/: measured/g)).toHaveLength(1);
    expect(await home.folders()).toEqual([]);
  });

  it('sets another record of the repeat aside, whole, and takes its place', async () => {
    const home = await keeping();
    const earlier = await recordOf(home, { attempts: [1] });
    const later = await recordOf(home, { host: 'h20-3', attempts: [2] });
    await home.keep(earlier);
    await home.keep(later);
    const [folder, ...more] = await home.folders();
    expect([folder?.reason?.reason, folder?.reason?.requested_by, more]).toEqual([
      'attempt 2 on host h20-3 takes its place',
      'calib',
      [],
    ]);
    for (const [path, text] of Object.entries(earlier.files)) {
      expect(readFileSync(join(folder?.path ?? '', path), 'utf8')).toBe(text);
    }
    expect(await home.recorded()).toMatchObject({ observations: { nova_speed: { host: 'h20-3' } } });
    expect(await home.spent()).toEqual([1, 2]);
  });

  it('does not take a record again that was discarded since, delivered late as it may be', async () => {
    const home = await keeping();
    const earlier = await recordOf(home, { attempts: [1] });
    const later = await recordOf(home, { host: 'h20-3', attempts: [2] });
    await home.keep(earlier);
    await home.keep(later);
    const before = contentsBelow(home.runDir);
    await home.keep(earlier);
    expect(contentsBelow(home.runDir)).toEqual(before);
  });

  it('does not bring back what was purged', async () => {
    const home = await keeping();
    const record = await recordOf(home);
    await home.keep(record);
    await discardRepeat({
      ...home.place,
      stages: unitStages,
      reason: 'asked',
      at: '2026-04-23T06:00:00Z',
      requestedBy: 'operator',
      commandId: 'purge-1',
    });
    await home.keep(record);
    expect(await home.recorded()).toEqual({ kind: 'none' });
  });

  it('adds its attempts to those of other hosts', async () => {
    const home = await keeping();
    await home.keep(await recordOf(home, { attempts: [1, 2], committed: false }));
    await home.keep(await recordOf(home, { host: 'h20-3', attempts: [3] }));
    expect((await readAttempts(home.place)).map(({ n }) => n)).toEqual([1, 2, 3]);
    expect([await home.folders(), (await home.recorded()).kind]).toEqual([[], 'valid']);
  });

  it('mixes no two attempts of the same number: the earlier ones are discarded', async () => {
    const home = await keeping();
    await home.keep(await recordOf(home, { attempts: [1], committed: false }));
    await home.keep(await recordOf(home, { host: 'h20-3', attempts: [1] }));
    const [folder] = await home.folders();
    const aside = await readAttempts({ ...home.place, runDir: folder?.path ?? '' });
    expect([aside.length, (await readAttempts(home.place)).length]).toEqual([1, 1]);
  });

  it('sets a launch of its own aside that the session went on without', async () => {
    const home = await keeping();
    mkdirSync(runPaths.launch(home.runDir, NAMESPACE, 1, 1), { recursive: true });
    await home.keep(await recordOf(home, { attempts: [2] }));
    expect([
      existsSync(runPaths.launch(home.runDir, NAMESPACE, 1, 1)),
      (await home.folders()).length,
    ]).toEqual([false, 1]);
    expect(await home.recorded()).toMatchObject({ kind: 'valid' });
  });

  it('leaves the other repeats of the unit alone', async () => {
    const home = await keeping();
    const other = runPaths.attemptLog(home.runDir, NAMESPACE, 11, 1);
    mkdirSync(join(other, '..'), { recursive: true });
    mkdirSync(runPaths.launch(home.runDir, NAMESPACE, 11, 1));
    await home.keep(await recordOf(home));
    expect(existsSync(runPaths.launch(home.runDir, NAMESPACE, 11, 1))).toBe(true);
  });
});

describe('keepRepeat refuses, and touches nothing,', () => {
  async function refusal(change: (record: RepeatRecord) => unknown): Promise<string> {
    const home = await keeping();
    const record = structuredClone(await recordOf(home));
    const sent = (change(record) ?? record) as RepeatRecord;
    const before = contentsBelow(home.runDir);
    const message = await home.keep(sent).then(
      () => 'taken',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    expect(contentsBelow(home.runDir)).toEqual(before);
    return message;
  }
  const put = (path: string) => (record: RepeatRecord) => {
    record.files[path] = 'x';
  };

  it.each([
    ['../../../etc/cron.d/calib'],
    ['/etc/passwd'],
    ['nova_accuracy/../../plan.json'],
    ['plan.json'],
    ['run.log'],
    ['nova_accuracy/run2.json'],
    ['nova_accuracy//run1.json'],
    ['chart_accuracy/run1.json'],
    ['_pytest/test_nova_ci/run1.attempt1.log'],
    ['_pytest/test_nova_ci/run1.attempt1/request.json'],
    ['_pytest\\test_nova_ci\\run1.commit.json'],
    ['_discarded/test_nova_ci/run1.1/reason.json'],
    ['constructor'],
  ])('a record with %s among its files', async (path) => {
    expect(await refusal(put(path))).toContain('which is no file of that repeat');
  });

  it('a record of another session', async () => {
    expect(await refusal((record) => void (record.session_id = 'another'))).toContain(
      'it is of session another',
    );
  });

  it('a unit or a repeat that the session does not have', async () => {
    expect(await refusal((record) => void (record.namespace = '../nova'))).toContain(
      'the session has no unit ../nova',
    );
    expect(await refusal((record) => void (record.repeat = 4))).toContain('the session has 3 repeats');
  });

  it('an observation that is not the one of its marker', async () => {
    const change = (record: RepeatRecord) => {
      const path = 'nova_speed/run1.json';
      record.files[path] = (record.files[path] ?? '').replace('4.', '5.').concat(' ');
    };
    expect(await refusal(change)).toContain('is not the file that its marker vouches for');
  });

  it('an observation without a marker, and a marker without its observations', async () => {
    const drop = (path: string) => (record: RepeatRecord) => {
      record.files = Object.fromEntries(Object.entries(record.files).filter(([key]) => key !== path));
    };
    expect(await refusal(drop('_pytest/test_nova_ci/run1.commit.json'))).toContain('without a commit marker');
    expect(await refusal(drop('nova_speed/run1.json'))).toContain('nova_speed/run1.json is not in it');
  });

  it('observations of another commit', async () => {
    const change = (record: RepeatRecord) => {
      const path = '_pytest/test_nova_ci/run1.commit.json';
      const marker = JSON.parse(record.files[path] ?? '') as object;
      record.files[path] = JSON.stringify({ ...marker, git_sha: 'f'.repeat(40) });
    };
    expect(await refusal(change)).toContain(`its marker is of commit ${'f'.repeat(40)}`);
  });

  const markerPath = '_pytest/test_nova_ci/run1.commit.json';
  const changeMarker = (change: (marker: CommitMarker) => CommitMarker) => (record: RepeatRecord) => {
    const marker = change(commitMarkerSchema.parse(JSON.parse(record.files[markerPath] ?? '')));
    record.files[markerPath] = JSON.stringify(marker);
  };
  /** With a marker that vouches for what was changed. */
  const changeObservation = (field: string, value: string) => (record: RepeatRecord) => {
    const path = 'nova_speed/run1.json';
    const text = JSON.stringify({ ...JSON.parse(record.files[path] ?? ''), [field]: value });
    record.files[path] = text;
    changeMarker((marker) => ({
      ...marker,
      observations: { ...marker.observations, nova_speed: sha256Of(text) },
    }))(record);
  };

  it.each([
    ['git_sha', 'f'.repeat(40)],
    ['tree_fingerprint', 'another tree'],
    ['session_id', 'another session'],
    ['namespace', 'test_other_ci'],
    ['host', 'h20-9'],
  ])('an observation with another %s, although its marker vouches for it', async (field, value) => {
    expect(await refusal(changeObservation(field, value))).toContain(
      `nova_speed/run1.json says ${field} ${value}`,
    );
  });

  it.each<[string, Partial<CommitMarker>]>([
    ['session', { session_id: 'another' }],
    ['unit', { namespace: 'test_other_ci' }],
    ['repeat', { repeat: 2 }],
  ])('a marker of another %s', async (_what, other) => {
    expect(await refusal(changeMarker((marker) => ({ ...marker, ...other })))).toContain(
      'its marker is of session',
    );
  });

  it('a marker that names a stage which is not the unit’s', async () => {
    const change = changeMarker((marker) => ({
      ...marker,
      observations: { ...marker.observations, chart_accuracy: 'a'.repeat(64) },
    }));
    expect(await refusal(change)).toContain('its marker names chart_accuracy, no stage of the unit');
  });

  it('attempts of another repeat', async () => {
    const path = '_pytest/test_nova_ci/run1.attempts.json';
    const change = (record: RepeatRecord) => {
      record.files[path] = (record.files[path] ?? '').replace('"repeat": 1', '"repeat": 2');
    };
    expect(await refusal(change)).toContain('its attempts are of test_nova_ci, repeat 2');
  });

  it('observations that another host made', async () => {
    expect(await refusal((record) => void (record.host = 'h20-9'))).toContain('says host h20-2, not h20-9');
  });

  it('attempts that cannot be read', async () => {
    expect(await refusal(put('_pytest/test_nova_ci/run1.attempts.json'))).toContain('not JSON');
  });

  it('a record that is larger than may travel, and names it', async () => {
    const change = (record: RepeatRecord) => {
      record.log_lines = ['x'.repeat(repeatRecordLimit)];
    };
    expect(await refusal(change)).toMatch(
      /the record of test_nova_ci repeat 1 is too large to travel: \d+ bytes/,
    );
  });

  it('a record of another version', async () => {
    expect(await refusal((record) => ({ ...record, schema: 'calib.repeat-record/2' }))).toContain('schema');
  });
});
