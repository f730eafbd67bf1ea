import { ActivityCancellationDetails } from '@temporalio/common';
import { describe, expect, it } from 'vitest';

import { until } from '../../fixtures/until.ts';
import { runs } from '../../host/process/scratch-launch.ts';
import { failureOf, measured, NAMESPACE, outcomeOf, repeatWorld } from '../../activities/repeat-world.ts';

/** Never ends by itself within a test's time. */
const hang = 'sleep 60';

/** Grows the log by gigabytes a second, without a line end and without room on the disk: faster than anybody reads. */
const flood = 'while :; do truncate -s +256M /proc/self/fd/1; sleep 0.02; done';

describe('the watch over a running pytest', () => {
  it('ends a run for a fatal signature that would hang for ever', async () => {
    const world = await repeatWorld();
    world.steps(`echo 'CUDA error: an illegal memory access was encountered'; ${hang}`);
    expect(failureOf(await world.run())).toMatch(/crashed \(CUDA error: an illegal memory access\)$/);
    expect(world.runLog()).toContain('crash detected in log (CUDA error: an illegal memory access)');
  });

  it('finds a signature that two writes share, in megabytes of output', async () => {
    const world = await repeatWorld();
    world.steps(`head -c 3000000 /dev/zero | tr '\\0' 'x'; echo
      printf 'All workers'; sleep 0.7; printf ' failed\\n'; ${hang}`);
    expect(failureOf(await world.run())).toMatch(/crashed \(All workers failed\)$/);
  });

  it('lets a healthy server refuse connections while it starts', async () => {
    const world = await repeatWorld();
    world.steps(
      `echo 'Connection refused'; echo 'AssertionError: router traffic'; sleep 0.7; ${measured()}exit 1`,
    );
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete' });
  });

  it('ends a run that is silent after a suspect line', async () => {
    const world = await repeatWorld({ policies: { stall_s: 0.3 } });
    world.steps(`echo 'Connection refused'; ${hang}`);
    expect(failureOf(await world.run())).toMatch(
      /timeout \(no log growth for 0\.3 s after "Connection refused"\)$/,
    );
  });

  it('says of a run that it ends for its silence what the processes did', async () => {
    const world = await repeatWorld({ policies: { silence_s: 0.5 } });
    world.steps(`echo loading; ${hang}`);
    const attempt = world.start();
    await attempt.result;
    const seen = /when the log stalled: processes: .*\d+ sleeping \(S\)/;
    expect(world.runLog()).toMatch(seen);
    expect((await world.attempts())[0]?.notes).toEqual(expect.arrayContaining([expect.stringMatching(seen)]));
  });

  it('shows by heartbeat what the processes of a silent run do, until its log grows again', async () => {
    const world = await repeatWorld({ policies: { stall_s: 0.5 } });
    world.steps(`echo loading; await "$WORLD/go"; ${measured()}echo on; await "$WORLD/end"; exit 0`);
    const attempt = world.start();
    await until(() => attempt.beats.some(({ processes }) => /I\/O wait \d/.test(processes ?? '')));
    world.put('go', '');
    await until(() => attempt.beats.at(-1)?.processes === undefined);
    world.put('end', '');
    expect(outcomeOf(await attempt.result)).toMatchObject({ kind: 'complete' });
  });

  it('only reports a silent run without a suspect line', async () => {
    const world = await repeatWorld({ policies: { stall_s: 0.3 } });
    world.steps(`echo loading; await "$WORLD/go"; ${measured()}exit 0`);
    const attempt = world.start();
    await until(() => world.runLog().includes('the log does not grow'));
    world.put('go', '');
    expect(outcomeOf(await attempt.result)).toMatchObject({ kind: 'complete' });
  });

  it('ends any run that is silent for far too long', async () => {
    const world = await repeatWorld({ policies: { silence_s: 0.3 } });
    world.steps(`echo loading; ${hang}`);
    expect(failureOf(await world.run())).toMatch(/timeout \(no log growth for 0\.3 s\)$/);
  });

  it('ends a run at its time limit, however busy', async () => {
    const world = await repeatWorld({ policies: { timeout_s: 0.3 } });
    world.steps('while :; do echo busy; sleep 0.05; done');
    expect(failureOf(await world.run())).toMatch(/timeout \(0\.3 s\)$/);
  });

  const summedUp = `echo '=== test session starts ==='; echo 'tests/test_nova_ci.py::test_nova PASSED'
    ${measured()}echo '=== 1 passed in 0.12s ==='`;

  it('ends and counts a run that does not exit after its last test', async () => {
    const world = await repeatWorld({ policies: { exit_grace_s: 0.3 } });
    world.steps(`${summedUp}; ${hang}`);
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete', launches: 1 });
    const after = 'ended by calib 0.3 s after the last test';
    expect(world.observation('nova_speed')).toMatchObject({ reason: after });
    expect(world.runLog()).toContain(
      'all results are complete, but it did not exit within 0.3 s of its last test — stopping pytest',
    );
  });

  it('gives the server of a test its time to shut down', async () => {
    const world = await repeatWorld({ policies: { exit_grace_s: 30 } });
    world.steps(`${summedUp}; sleep 0.8; echo bye; exit 0`);
    await world.run();
    expect(world.observation('nova_speed')).toMatchObject({ reason: '', pytest_outcome: 'ok' });
  });

  it.each([
    ['without its summary', `${measured()}echo tests/test_nova_ci.py::test_nova; ${hang}`],
    ['without its results', `echo '=== 1 passed in 0.12s ==='; ${hang}`],
  ])('waits for the time limit of a run %s', async (_case, steps) => {
    const world = await repeatWorld({ policies: { exit_grace_s: 0.1, timeout_s: 1.5 } });
    world.steps(steps);
    await world.run();
    expect(await world.attempts()).toMatchObject([{ reason: 'timeout (1.5 s)' }]);
  });

  it('ends a run at its time limit, however fast its log grows', async () => {
    const world = await repeatWorld({ policies: { timeout_s: 1, max_log_bytes: Number.MAX_SAFE_INTEGER } });
    world.steps(flood);
    expect(failureOf(await world.run())).toMatch(/timeout \(1 s\)$/);
    const [attempt] = await world.attempts();
    expect(attempt?.notes).toEqual([expect.stringMatching(/^\d+ bytes of the log were not searched/)]);
  });

  it('obeys an abort, however fast the log grows', async () => {
    const world = await repeatWorld({ policies: { max_log_bytes: Number.MAX_SAFE_INTEGER } });
    world.steps(`echo $$ > "$WORLD/pids"; ${flood}`);
    const attempt = world.start();
    await until(() => attempt.beats.some(({ log_bytes: bytes = 0 }) => bytes > 1_000_000_000));
    attempt.cancel('CANCELLED', new ActivityCancellationDetails({ cancelRequested: true }));
    expect((await attempt.result).kind).toBe('threw');
    expect([world.pids('pids').map(runs), await world.attempts()]).toMatchObject([
      [false],
      [{ outcome: 'aborted', reason: 'session aborted' }],
    ]);
  });

  it('ends a run whose log is beyond its limit, whatever it measured', async () => {
    const world = await repeatWorld({ policies: { max_log_bytes: 1_000_000 } });
    world.steps(`${measured()}truncate -s +2M /proc/self/fd/1; ${hang}`);
    expect(failureOf(await world.run())).toMatch(
      /^InfraFailure: .*its log grew beyond 1000000 bytes \(max_log_bytes\)$/,
    );
    expect(world.observation('nova_accuracy')).toBeNull();
  });

  it('kills what ignores TERM, and what it started', async () => {
    const world = await repeatWorld({ policies: { timeout_s: 0.3 } });
    world.steps(`trap '' TERM; echo $$ >> "$WORLD/pids"; (trap '' TERM; echo $$; sh -c 'echo $$ >> "$WORLD/pids"; while :; do sleep 1; done') &
      while :; do sleep 1; done`);
    await world.run();
    expect(world.pids('pids').filter(runs)).toEqual([]);
    expect(await world.attempts()).toMatchObject([{ signal: 'SIGKILL', reason: 'timeout (0.3 s)' }]);
  });

  it.each([
    ['passed', 'exit 0'],
    ['failed', 'exit 1'],
    ['crashed', 'kill -SEGV $$'],
  ])('leaves no process behind after pytest %s', async (_case, end) => {
    const world = await repeatWorld();
    world.steps(`setsid sh -c 'echo $$ >> "$WORLD/pids"; exec sleep 60' > "$WORLD/out" 2>&1 &
      await "$WORLD/pids"; ${measured()}${end}`);
    await world.run();
    expect(world.pids('pids').map(runs)).toEqual([false]);
    expect((await world.attempts())[0]?.notes).toEqual([
      expect.stringMatching(/^ended pid \d+ by SIGTERM \(sleep 60; ours by mark\)$/),
    ]);
  });

  it('notes the first of very many processes that were left behind', async () => {
    const world = await repeatWorld();
    world.steps(`i=0; while [ $i -lt 25 ]; do setsid sleep 60 > "$WORLD/out" 2>&1 & i=$((i+1)); done
      sleep 0.2; ${measured()}exit 0`);
    await world.run();
    const notes = (await world.attempts())[0]?.notes ?? [];
    expect([notes.length, notes.at(-1)]).toEqual([21, expect.stringMatching(/^ended \d+ more/)]);
  });

  it('measures the time to the first readiness line', async () => {
    const world = await repeatWorld();
    world.steps(`echo 'INFO: Application startup complete.'; await "$WORLD/go"; ${measured()}exit 0`);
    const attempt = world.start();
    await until(() => attempt.beats.some(({ log_bytes: bytes = 0 }) => bytes > 0));
    world.put('go', '');
    await attempt.result;
    const [{ startup_s: startup, duration_s: duration, notes } = {}] = await world.attempts();
    expect([startup !== null && Number(startup) < Number(duration), notes]).toEqual([true, []]);
  });

  it('warns once of a slow start-up and says what to check, without failing it', async () => {
    const world = await repeatWorld({ deps: { timing: { slowStartupMs: 1 } } });
    world.steps(
      `sleep 0.1; echo 'Uvicorn running on x'; await "$WORLD/go"; echo 'Router is ready'; ${measured()}exit 0`,
    );
    const attempt = world.start();
    await until(() => attempt.beats.some(({ log_bytes: bytes = 0 }) => bytes > 0));
    world.put('go', '');
    expect(outcomeOf(await attempt.result)).toMatchObject({ kind: 'complete' });
    const warnings = world.milestones().filter((line) => line.includes('slow start-up'));
    expect([warnings, (await world.attempts())[0]?.notes]).toEqual([
      [expect.stringMatching(/ready after \d+ s, .* check HOME, XDG_CACHE_HOME, TORCHINDUCTOR_CACHE_DIR/)],
      [expect.stringMatching(/^slow start-up \(\d+ s\)$/)],
    ]);
  });

  it('tells the session of a slow start-up when it begins and when it is over', async () => {
    const told: unknown[] = [];
    const tellStartup = async (workflow: string, _run: string, report: unknown) => {
      told.push([workflow === '', report]);
    };
    const world = await repeatWorld({ gpus: 1, deps: { timing: { slowStartupMs: 1 }, tellStartup } });
    world.steps(`echo loading; await "$WORLD/go"; echo 'Router is ready'; ${measured()}exit 0`);
    const attempt = world.start();
    await until(() => told.length === 1);
    world.put('go', '');
    expect(outcomeOf(await attempt.result)).toMatchObject({ kind: 'complete' });
    await until(() => told.length === 2);
    const report = { namespace: NAMESPACE, repeat: 1 };
    expect(told).toEqual([
      [false, { ...report, starting_since: expect.stringMatching(/^\d{4}-.*Z$/) }],
      [false, { ...report, starting_since: null }],
    ]);
  });

  it('reports a process that not even SIGKILL ends', async () => {
    // No time to die: what a process stuck in the kernel takes for ever.
    const world = await repeatWorld({ deps: { timing: { graceMs: 0, killWaitMs: 0 } } });
    world.steps(`setsid sh -c "trap '' TERM; echo x > '$WORLD/ready'; while :; do sleep 1; done" > "$WORLD/out" 2>&1 &
      await "$WORLD/ready"; ${measured()}exit 0`);
    expect(failureOf(await world.run())).toMatch(/could not be ended, not even by SIGKILL: pid \d+ \(sh -c/);
  });

  it('shows growth of the log while it runs', async () => {
    const world = await repeatWorld();
    world.steps(`echo 0123456789; await "$WORLD/go"; ${measured()}exit 0`);
    const attempt = world.start();
    await until(() => attempt.beats.some((beat) => beat.log_bytes === 11));
    world.put('go', '');
    await attempt.result;
    expect(attempt.beats).toContainEqual(
      expect.objectContaining({ state: 'running', lane: 'host-a/cpu0', attempt: 1, log_bytes: 11 }),
    );
  });
});
