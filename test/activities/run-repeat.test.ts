import { existsSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { runPaths } from '../../src/host/run-directory/paths.ts';
import { until } from '../fixtures/until.ts';
import { makeDocsStage } from '../domain/audit/snapshot-fixture.ts';
import {
  GOOD,
  NAMESPACE,
  SESSION,
  failureOf,
  measured,
  novaStages,
  outcomeOf,
  repeatWorld,
} from './repeat-world.ts';

const partial = measured({ ...GOOD, completed: 4 });
const label = '[test_nova_ci] run 1/3 (2 stage(s), needs 0 GPU)';

describe('a valid repeat', () => {
  it('commits the observations of all stages that one pytest fed', async () => {
    const world = await repeatWorld();
    world.steps(`${measured()}exit 0`);
    expect(outcomeOf(await world.run())).toMatchObject({
      kind: 'complete',
      cells: { nova_accuracy: { symbol: '✓' }, nova_speed: { symbol: '✓' } },
      launches: 1,
      lane: 'host-a/cpu0',
    });
    expect(world.observation('nova_speed')).toMatchObject({
      status: 'ok',
      metrics: { throughput_qps: GOOD.throughput_qps },
      sample_counts: { total: 5, ok: 5 },
      attempt_history: [{ n: 1, pass: 1, outcome: 'ok', lane: 'host-a/cpu0', notes: [] }],
    });
  });

  it('takes a threshold assertion for data', async () => {
    const world = await repeatWorld();
    world.steps(`${measured()}echo 'AssertionError: accuracy below 0.6'; exit 1`);
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete' });
    expect(world.observation('nova_accuracy')).toMatchObject({
      status: 'ok',
      reason: 'threshold_assertion (exit 1)',
      pytest_rc: 1,
    });
  });

  it('does not launch what is committed already', async () => {
    const world = await repeatWorld();
    world.steps(`${measured()}exit 0`);
    await world.run();
    world.steps('exit 3');
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete', launches: 0 });
  });

  it('measures pytest alone, and gate and clean-up apart', async () => {
    const world = await repeatWorld();
    world.steps(`${measured()}exit 0`);
    await world.run();
    const [attempt] = await world.attempts();
    expect(attempt).toMatchObject({ gate_s: expect.any(Number), cleanup_s: expect.any(Number) });
    expect(world.observation('nova_accuracy')?.duration_s).toBe(attempt?.duration_s);
  });

  it('takes a docs test by its exit code alone', async () => {
    const world = await repeatWorld({ stages: [makeDocsStage()] });
    world.steps('exit 0');
    expect(outcomeOf(await world.run())).toMatchObject({ cells: { docs_quickstart: { symbol: '✓' } } });
  });
});

describe('a run that died by the machine', () => {
  it.each([
    [
      'out of memory',
      'echo torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate; exit 1',
      'OOM',
    ],
    ['exit 137', 'exit 137', 'exit 137 (killed)'],
    ['exit 139', 'exit 139', 'exit 139 (segfault)'],
    ['SIGKILL', 'kill -KILL $$', 'exit 137 (killed)'],
    ['SIGSEGV', 'kill -SEGV $$', 'exit 139 (segfault)'],
    ['SIGABRT', 'kill -ABRT $$', 'crashed (SIGABRT)'],
    ['a subprocess timeout', 'echo subprocess.TimeoutExpired: Command; exit 1', 'TimeoutExpired'],
    ['a crash signature', 'echo All workers failed; exit 1', 'crashed (All workers failed)'],
  ])('repeats it in place after %s', async (_case, end, reason) => {
    const world = await repeatWorld();
    world.steps(`${partial}${end}`);
    expect(failureOf(await world.run())).toBe(`InfraFailure: ${label}: ${reason}`);
    expect([await world.attempts(), world.observation('nova_accuracy')]).toMatchObject([
      [{ n: 1, outcome: 'infra', reason }],
      null,
    ]);
  });

  it('launches at most four times in a pass, then gives up with the reason', async () => {
    const world = await repeatWorld();
    world.steps('echo CUDA out of memory; exit 1');
    for (let launch = 1; launch <= 3; launch += 1) expect((await world.run()).kind).toBe('threw');
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'exhausted', reason: 'OOM', launches: 4 });
    expect((await world.attempts()).map(({ n }) => n)).toEqual([1, 2, 3, 4]);
  });

  it('has a fresh budget in the next pass', async () => {
    const world = await repeatWorld({ policies: { attempts_per_pass: 1 } });
    world.steps('exit 137');
    expect(outcomeOf(await world.run({ pass: 1 }))).toMatchObject({ kind: 'exhausted', launches: 1 });
    expect(outcomeOf(await world.run({ pass: 2 }))).toMatchObject({ kind: 'exhausted', launches: 1 });
  });

  it.each([
    ['SIGABRT', 'kill -ABRT $$', 'SIGABRT after the results', 'crashed (SIGABRT)'],
    ['exit 139', 'exit 139', 'SIGSEGV after the results', 'exit 139 (segfault)'],
    ['an exit code of its own', 'exit 120', 'exit 120 after the results', 'exit 120'],
  ])(
    'counts the first attempt that dies by %s after a full measurement',
    async (_case, end, after, outcome) => {
      const world = await repeatWorld();
      world.steps(`${measured()}${end}`);
      expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete', launches: 1 });
      expect(world.observation('nova_accuracy')).toMatchObject({
        status: 'ok',
        reason: after,
        pytest_outcome: outcome,
        attempt_history: [{ n: 1, after_results: after }],
      });
      expect(world.runLog()).toContain(`counts, because every stage was measured in full before: ${after}`);
    },
  );

  it('never counts it where the model says so, not even on the last attempt', async () => {
    const world = await repeatWorld({ policies: { attempts_per_pass: 1, count_after_crash: false } });
    world.steps(`${measured()}exit 139`);
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'exhausted', reason: 'exit 139 (segfault)' });
    expect(world.observation('nova_accuracy')).toBeNull();
  });

  it('does not count results that a process wrote after pytest had died', async () => {
    const world = await repeatWorld();
    world.steps(`${measured()}touch -d '1 hour' "$BASETEMP/test_nova0/nova_results.json"; kill -ABRT $$`);
    expect(failureOf(await world.run())).toMatch(/crashed \(SIGABRT\)$/);
  });

  it('keeps the log of each attempt, and names the last one', async () => {
    const world = await repeatWorld();
    world.steps('echo first; exit 137');
    await world.run();
    world.steps(`echo second; ${measured()}exit 0`);
    await world.run();
    const read = (path: string) => readFileSync(path, 'utf8');
    const { runDir } = world;
    expect([
      read(runPaths.attemptLog(runDir, NAMESPACE, 1, 1)),
      read(runPaths.attemptLog(runDir, NAMESPACE, 1, 2)),
      read(runPaths.log(runDir, NAMESPACE, 1)),
    ]).toEqual(['first\n', 'second\n', 'second\n']);
  });

  it('records every attempt that the observation cost', async () => {
    const world = await repeatWorld();
    world.steps('exit 137');
    await world.run();
    world.steps(`${measured()}exit 0`);
    await world.run();
    expect(world.observation('nova_speed')).toMatchObject({
      attempts: 2,
      attempt_history: [
        { n: 1, reason: 'exit 137 (killed)' },
        { n: 2, reason: '' },
      ],
    });
  });
});

describe('a repeat with gaps', () => {
  it('returns a △ for another run, and sets it aside before that', async () => {
    const world = await repeatWorld();
    world.steps(`${partial}exit 1`);
    expect(outcomeOf(await world.run())).toMatchObject({
      kind: 'incomplete',
      reason: expect.stringContaining('partial samples (4/5)'),
      cells: { nova_accuracy: { symbol: '△' } },
      launches: 1,
    });
    world.steps(`${measured()}exit 0`);
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete', launches: 2 });
    const aside = join(runPaths.discarded(world.runDir, NAMESPACE), 'run1.1');
    expect(readdirSync(join(aside, '_pytest', NAMESPACE)).toSorted()).toEqual([
      'basetemp_run1',
      'run1.attempt1',
      'run1.attempt1.log',
      'run1.attempts.json',
      'run1.commit.json',
      'run1.log',
    ]);
  });

  it('goes on counting and numbering over what was discarded', async () => {
    const world = await repeatWorld();
    world.steps(`${partial}exit 1`);
    const launches: number[] = [];
    for (let run = 1; run <= 3; run += 1) launches.push(outcomeOf(await world.run()).launches);
    expect([launches, (await world.attempts()).map(({ n }) => n)]).toEqual([[1, 2, 3], [3]]);
  });

  it('halts when the same samples are missing twice in a row, also in another pass of the budget', async () => {
    const world = await repeatWorld({ policies: { attempts_per_pass: 1 } });
    world.steps(`${partial}exit 0`);
    await world.run();
    expect(outcomeOf(await world.run({ pass: 2, budget_from_pass: 1 }))).toMatchObject({
      kind: 'halt',
      cause: { text: expect.stringContaining('1 of 5 samples are missing') as string },
    });
  });

  it('tries again what an operator has resumed', async () => {
    const world = await repeatWorld();
    world.steps(`${partial}exit 0`);
    await world.run();
    expect(outcomeOf(await world.run({ pass: 2, budget_from_pass: 2 }))).toMatchObject({
      kind: 'incomplete',
    });
  });

  it('counts an attempt that a dying worker committed without recording it', async () => {
    const world = await repeatWorld();
    world.steps(`${partial}exit 1`);
    await world.run();
    rmSync(runPaths.attempts(world.runDir, NAMESPACE, 1));
    world.steps(`${measured({ ...GOOD, completed: 3 })}exit 1`);
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'incomplete', launches: 2 });
  });

  it('records a run again whose commit was interrupted, without another launch', async () => {
    const world = await repeatWorld();
    world.steps(`echo x >> "$WORLD/runs"; ${measured()}exit 0`);
    await world.run();
    rmSync(runPaths.attempts(world.runDir, NAMESPACE, 1));
    rmSync(runPaths.commitMarker(world.runDir, NAMESPACE, 1));
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete', launches: 1 });
    expect(world.read('runs')).toBe('x\n');
  });

  it('finishes an interrupted purge instead of reading what it left', async () => {
    const world = await repeatWorld();
    world.steps(`echo x >> "$WORLD/runs"; ${measured()}exit 0`);
    await world.run();
    await world.purge('purge-1');
    const aside = join(runPaths.discarded(world.runDir, NAMESPACE), 'run1.1');
    renameSync(join(aside, 'reason.json'), join(aside, 'reason.unfinished.json'));
    const launch = runPaths.launch(world.runDir, NAMESPACE, 1, 1);
    renameSync(join(aside, '_pytest', NAMESPACE, 'run1.attempt1'), launch);
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete', launches: 1 });
    expect([world.read('runs'), (await world.attempts()).map(({ n }) => n)]).toEqual(['x\nx\n', [2]]);
  });

  it('has a fresh budget, and higher numbers, after an operator purged it', async () => {
    const world = await repeatWorld();
    world.steps(`${partial}exit 1`);
    await world.run();
    await world.purge('purge-1');
    expect(outcomeOf(await world.run())).toMatchObject({ launches: 1 });
    expect((await world.attempts()).map(({ n }) => n)).toEqual([2]);
  });

  it('tries once more when nothing was measured, then halts with the same finding', async () => {
    const world = await repeatWorld();
    world.steps("printf 'starting\\n\\033[31mthe server is not there\\033[0m\\n=== 1 failed ===\\n'; exit 1");
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'incomplete', launches: 1 });
    const outcome = outcomeOf(await world.run());
    expect(outcome).toMatchObject({
      kind: 'halt',
      cause: {
        text: expect.stringContaining('twice'),
        namespace: NAMESPACE,
        repeat: 1,
        log_tail: ['starting', 'the server is not there', '=== 1 failed ==='],
      },
      launches: 2,
    });
    expect(outcome).toMatchObject({
      cause: { text: expect.stringContaining('the log ends with "the server is not there"') },
    });
  });

  it('goes on within the budget while the log names a suspect', async () => {
    const world = await repeatWorld();
    world.steps('echo Connection refused; exit 1');
    const kinds: string[] = [];
    for (let run = 1; run <= 3; run += 1) kinds.push(outcomeOf(await world.run()).kind);
    expect(kinds).toEqual(['incomplete', 'incomplete', 'incomplete']);
  });

  it('halts when pytest passed without its result file', async () => {
    const world = await repeatWorld();
    world.steps('exit 0');
    expect(outcomeOf(await world.run())).toMatchObject({
      kind: 'halt',
      cause: {
        stage: 'nova_accuracy',
        key: 'accuracy',
        file: 'test_nova0/nova_results.json',
        text: expect.stringContaining('does not exist'),
      },
      cells: { nova_accuracy: { symbol: '✗' } },
    });
  });

  it('names the config key, what is there instead and the commands in order', async () => {
    const world = await repeatWorld();
    world.steps(`mkdir "$BASETEMP/other0"; printf '{}' > "$BASETEMP/other0/nova_results.json"; exit 0`);
    const outcome = outcomeOf(await world.run());
    expect(outcome).toMatchObject({
      kind: 'halt',
      cause: {
        config_key: expect.stringMatching(/^metric_sources\.test_nova_ci\.py\.json_file /),
        found: 'found instead: other0/nova_results.json',
        steps: [
          expect.stringMatching(/^edit .*config\.yaml {3}# metric_sources\.test_nova_ci\.py\.json_file/),
          expect.stringMatching(/^calib discover .*--model /),
          `calib signal ${SESSION} resume`,
        ],
      },
    });
  });

  it('quotes why a test was skipped, and asks for no change of the config then', async () => {
    const world = await repeatWorld();
    world.steps(
      `printf '<testsuites><testsuite><testcase name="test_nova"><skipped type="pytest.skip" message="needs 4 GPUs"/>` +
        `</testcase></testsuite></testsuites>' > "$JUNIT"; exit 0`,
    );
    expect(outcomeOf(await world.run())).toMatchObject({
      kind: 'halt',
      cause: {
        text: expect.stringContaining('skipped: test_nova (needs 4 GPUs)'),
        skipped: ['test_nova (needs 4 GPUs)'],
        steps: [expect.stringContaining('skipped test'), `calib signal ${SESSION} resume`],
      },
    });
  });

  it('halts when one metric is there and another is not', async () => {
    const world = await repeatWorld();
    world.steps(`${measured({ ...GOOD, throughput_qps: undefined })}exit 0`);
    expect(outcomeOf(await world.run())).toMatchObject({
      kind: 'halt',
      cause: { stage: 'nova_speed', key: 'throughput_qps', path: 'summary.throughput_qps' },
      cells: { nova_accuracy: { symbol: '✗' }, nova_speed: { symbol: '✗' } },
    });
  });

  it('halts on another number of samples than the stage expects', async () => {
    const world = await repeatWorld();
    world.steps(`${measured({ ...GOOD, total_samples: 7, completed: 7 })}exit 0`);
    expect(outcomeOf(await world.run())).toMatchObject({
      kind: 'halt',
      cause: { text: expect.stringContaining('sample scope mismatch (total 7 != expected 5)') },
    });
  });

  it.each([
    [2, 'interrupted or collection error'],
    [3, 'internal error'],
    [4, 'usage error'],
    [5, 'no tests collected'],
  ])('halts on exit %i: %s', async (code, meaning) => {
    const world = await repeatWorld();
    world.steps(`${measured()}exit ${code}`);
    expect(outcomeOf(await world.run())).toMatchObject({
      kind: 'halt',
      cause: { text: `pytest could not run the tests: exit ${code} (${meaning})` },
    });
  });

  it('halts on an interpreter that cannot be started', async () => {
    const world = await repeatWorld();
    world.steps('exit 0');
    world.remove('python');
    expect(outcomeOf(await world.run())).toMatchObject({
      kind: 'halt',
      cause: { text: expect.stringContaining('could not start pytest') },
    });
  });

  it('refuses an argument that would stop pytest early', async () => {
    const world = await repeatWorld({ pytestArgs: ['-x'] });
    world.steps(`${measured()}exit 0`);
    expect(failureOf(await world.run())).toMatch(/^final InvalidInput: .*-x/);
  });
});

describe('result files that are refused', () => {
  const results = '"$BASETEMP/test_nova0/nova_results.json"';
  it.each([
    ['truncated', `printf '{"summary": {"acc' > ${results}`, 'truncated'],
    ['no JSON', `printf 'hello' > ${results}`, 'not JSON'],
    ['not an object', `printf '[1]' > ${results}`, 'a list, not an object'],
    ['NaN', `printf '{"summary":{"accuracy":NaN}}' > ${results}`, 'NaN, not a finite number'],
    ['a string', measured({ ...GOOD, accuracy: '0.5' }), 'the string "0.5", not a number'],
    ['a path through a list', `printf '{"summary":[{"accuracy":1}]}' > ${results}`, 'is a list'],
    ['more ok than total', measured({ ...GOOD, completed: 6 }), 'more samples ok than there are (6/5)'],
    ['too large', `truncate -s 70M ${results}`, 'more than the limit'],
    ['a link out of the base temp', `ln -s "$WORLD/elsewhere.json" ${results}`, 'a link that leads out'],
    ['older than the launch', `${measured()}touch -d 2001-01-01 ${results}`, 'older'],
    ['a folder', `mkdir ${results}`, 'not a regular file'],
  ])('halts with one clear line: %s', async (_case, steps, text) => {
    const world = await repeatWorld();
    world.put('elsewhere.json', JSON.stringify({ summary: GOOD }));
    world.steps(`${steps}\nexit 0`);
    const outcome = outcomeOf(await world.run());
    expect(outcome).toMatchObject({ kind: 'halt', cause: { text: expect.stringContaining(text) } });
    expect(outcome.kind === 'halt' && outcome.cause.text.includes('\n')).toBe(false);
  });

  it.each(['../elsewhere.json', '/etc/hostname'])('halts on a json_file outside: %s', async (jsonFile) => {
    const [accuracy] = novaStages;
    if (accuracy === undefined) throw new Error('no stage');
    const metric = { ...accuracy.metrics['accuracy'], json_file: jsonFile };
    const stage = { ...accuracy, metrics: { accuracy: metric } } as typeof accuracy;
    const world = await repeatWorld({ stages: [stage] });
    world.steps(`${measured()}exit 0`);
    expect(outcomeOf(await world.run())).toMatchObject({
      kind: 'halt',
      cause: { text: expect.stringContaining('leads out of the base temp directory') },
    });
  });
});

describe('the commit that is observed', () => {
  it('launches nothing on another commit', async () => {
    const world = await repeatWorld();
    world.steps('touch "$WORLD/launched"; exit 0');
    world.write('more.txt', 'x');
    world.git('add', '-A');
    world.git('commit', '-q', '-m', 'second');
    expect(outcomeOf(await world.run())).toMatchObject({
      kind: 'halt',
      cause: { text: expect.stringContaining('HEAD moved') },
    });
    expect(world.exists('launched')).toBe(false);
  });

  it('counts nothing that was measured while the tree changed, not even after it was restored', async () => {
    const world = await repeatWorld();
    world.steps(`${measured()}echo '# edited' >> tests/ci/test_nova_ci.py; exit 0`);
    expect(outcomeOf(await world.run())).toMatchObject({
      kind: 'halt',
      cause: { text: expect.stringContaining('test_nova_ci.py') },
    });
    world.git('restore', '.');
    world.steps(`${measured()}touch "$WORLD/again"; exit 0`);
    expect(outcomeOf(await world.run({ reextract: true, pass: 2 }))).toMatchObject({ kind: 'complete' });
    expect(world.exists('again')).toBe(true);
  });
});

describe('milestones in run.log', () => {
  it('tells banner, lane, end and numbers of a repeat, and nothing of its output', async () => {
    const world = await repeatWorld();
    world.steps(`echo verbose output; ${measured()}exit 0`);
    await world.run();
    expect(world.milestones().map((line) => line.replace(/\(\d+s\)/, '(Ns)'))).toEqual([
      `${label} config:`,
      '  tracked metrics:',
      '    nova_accuracy: accuracy(min)',
      '    nova_speed: throughput_qps(min)',
      `${label} using lane host-a/cpu0, no GPU, attempt 1`,
      `${label} ok (Ns)`,
      '  → nova_accuracy: samples=5/5 accuracy=56.00',
      '  → nova_speed: samples=5/5 throughput_qps=420.00',
    ]);
  });

  it('tells why a repeat is tried again', async () => {
    const world = await repeatWorld();
    world.steps('echo CUDA out of memory; exit 1');
    await world.run();
    expect(world.milestones().at(-1)).toBe(`${label} OOM — retry (1/4)`);
  });

  it('tells what could not be read', async () => {
    const world = await repeatWorld();
    world.steps('exit 0');
    await world.run();
    const lines = world.milestones();
    expect(lines).toContain('  ⚠ metric extraction warnings (6):');
    expect(lines.at(-1)).toMatch(/^ {4}nova_speed\.sample_counts\.ok: .*does not exist$/);
  });

  it('tells why a repeat does not count', async () => {
    const world = await repeatWorld();
    world.steps(`${partial}exit 1`);
    await world.run();
    expect(world.milestones().at(-1)).toMatch(
      /^ {2}⚠ does not count: nova_accuracy: partial samples \(4\/5\)/,
    );
  });
});

describe('the launch itself', () => {
  it('starts from an empty base temp and a cold JIT cache', async () => {
    const world = await repeatWorld({ environment: (folder) => ({ XDG_CACHE_HOME: join(folder, 'cache') }) });
    world.put('cache/flashinfer/kernel.so', 'warm');
    world.steps(`${partial}touch "$BASETEMP/left"; exit 137`);
    await world.run();
    const left = join(runPaths.baseTemp(world.runDir, NAMESPACE, 1), 'left');
    const before = existsSync(left);
    world.steps(`${measured()}exit 0`);
    await world.run();
    expect([before, existsSync(left), world.exists('cache/flashinfer')]).toEqual([true, false, false]);
  });

  it('compiles anew in the HOME that the catalog sets, before every launch', async () => {
    const world = await repeatWorld({ environment: (folder) => ({ HOME: folder }) });
    const compiled =
      'mkdir -p "$HOME/.cache/flashinfer"; [ -e "$HOME/.cache/flashinfer/k" ] && echo warm >> "$WORLD/seen"';
    world.steps(`${compiled}; touch "$HOME/.cache/flashinfer/k"; ${measured()}exit 0`);
    await world.run({ repeat: 1 });
    await world.run({ repeat: 2 });
    expect([world.exists('.cache/flashinfer/k'), world.read('seen')]).toEqual([true, '']);
  });

  it('keeps the cache where the model says so', async () => {
    const world = await repeatWorld({
      environment: (folder) => ({ HOME: folder }),
      policies: { jit_cache: 'keep' },
    });
    world.put('.cache/flashinfer/kernel.so', 'warm');
    world.steps(`${measured()}exit 0`);
    await world.run();
    expect(world.exists('.cache/flashinfer/kernel.so')).toBe(true);
  });

  it('waits at a JIT cache that cannot be wiped, and launches once it can', async () => {
    const world = await repeatWorld({ environment: (folder) => ({ HOME: folder }) });
    world.put('.cache/flashinfer', 'no folder');
    world.steps(`${measured()}exit 0`);
    const started = world.start();
    await until(() => started.beats.some(({ text }) => text.includes('JIT cache would stay warm')));
    world.remove('.cache');
    expect(outcomeOf(await started.result)).toMatchObject({ kind: 'complete', launches: 1 });
  });

  it('launches nothing beside a JIT cache that stays warm', async () => {
    const world = await repeatWorld({
      environment: (folder) => ({ HOME: folder }),
      policies: { gpu_wait_s: 0.05 },
    });
    world.put('.cache/flashinfer', 'no folder');
    world.steps('touch "$WORLD/launched"; exit 0');
    expect(failureOf(await world.run())).toMatch(
      /^InfraFailure: .*launch gate failed: JIT cache would stay warm: .*not a folder/,
    );
    expect(world.exists('launched')).toBe(false);
  });
});
