import { readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { expect } from 'vitest';

import { type Attempt, observationSchema } from '../../src/domain/observation/observation.ts';
import type { SessionState } from '../../src/domain/session/session-state.ts';
import { runPaths } from '../../src/host/run-directory/paths.ts';
import {
  type ScriptedSuite,
  type ScriptedTest,
  makeScriptedSuite,
} from '../fixtures/scripted-suite/make-scripted-suite.ts';
import { type FaultWorld, waitUntil } from './fault-world.ts';
import { type LaunchOnDisk, endedByItself, launchesOnDisk, livingParts } from './launches-on-disk.ts';

export interface FaultedOptions {
  repeats: number;
  stages?: string;
  /** More options of `start`. */
  args?: string[];
  /** Before the session starts. */
  prepare?: (suite: ScriptedSuite) => Promise<void>;
}

const stages: Record<ScriptedTest, string[]> = {
  alpha: ['alpha_accuracy', 'alpha_speed'],
  beta: ['beta_wer'],
};
const namespaces = { alpha: 'test_alpha_ci', beta: 'test_beta_ci' } as const;

/** One session on a scripted suite of its own, and what must hold of it whatever was done to the processes. */
export class FaultedSession {
  readonly world: FaultWorld;
  readonly suite: ScriptedSuite;
  readonly id: string;
  readonly repeats: number;

  private constructor(world: FaultWorld, suite: ScriptedSuite, id: string, repeats: number) {
    this.world = world;
    this.suite = suite;
    this.id = id;
    this.repeats = repeats;
  }

  /** Starts a session without following it. */
  static async start(world: FaultWorld, options: FaultedOptions): Promise<FaultedSession> {
    const suite = await makeScriptedSuite();
    await options.prepare?.(suite);
    // The suite's folder has a name that no other has: so has the session.
    const label = basename(suite.dir).replaceAll(/[^a-zA-Z0-9]/g, '');
    const args = [
      '--repeats',
      String(options.repeats),
      '--stages',
      options.stages ?? 'ALL',
      '--label',
      label,
    ];
    const run = await world.calib(
      'start',
      '--detach',
      '--json',
      ...suite.options,
      ...args,
      ...(options.args ?? []),
    );
    if (run.exitCode !== 0) throw new Error(`start ended with ${run.exitCode}: ${run.stderr}`);
    const { session } = JSON.parse(run.stdout) as { session: string };
    return new FaultedSession(world, suite, session, options.repeats);
  }

  get runDir(): string {
    return join(this.suite.repo, '.tune-runs', this.id);
  }

  launches = async (): Promise<LaunchOnDisk[]> => await launchesOnDisk(this.runDir);

  /** The launch whose pytest has reached its `waitFor`. */
  async untilWaiting(test: ScriptedTest): Promise<LaunchOnDisk> {
    await waitUntil(() => this.suite.isWaiting(test), `${test} of ${this.id} waits`);
    return await this.livingLaunch();
  }

  /** The one launch that lives, with its identity on disk. */
  async livingLaunch(): Promise<LaunchOnDisk> {
    let living: LaunchOnDisk[] = [];
    const isOne = async () => {
      living = (await this.launches()).filter((launch) => livingParts(launch).includes('child'));
      return living.length === 1;
    };
    await waitUntil(isOne, `one living launch of ${this.id}`, { intervalMs: 5 });
    return living[0] as LaunchOnDisk;
  }

  /** Waits until the marker of a committed repeat is on disk. */
  async untilCommitted(test: ScriptedTest, repeat: number): Promise<void> {
    const folder = join(this.runDir, '_pytest', namespaces[test]);
    const isThere = async () =>
      (await readdir(folder).catch((): string[] => [])).includes(`run${repeat}.commit.json`);
    await waitUntil(isThere, `${test} repeat ${repeat} of ${this.id} is committed`, { intervalMs: 5 });
  }

  /** Waits until a milestone that holds this word is in `run.log`. */
  async untilLogged(word: string): Promise<void> {
    const isThere = async () => (await readFile(runPaths.runLog(this.runDir), 'utf8')).includes(word);
    await waitUntil(isThere, `a line "${word}" of ${this.id}`);
  }

  /**
   * Waits for the decision and checks that the session and its directory tell the same complete story, that every
   * repeat was taken exactly once, and that nothing runs any more.
   *
   * @param expected launches as the suite itself counted them
   */
  async expectWhole(expected: Partial<Record<ScriptedTest, number>>): Promise<SessionState> {
    const state = await this.world.until(this.id, ({ phase }) => phase.kind === 'awaiting_decision');
    const tests = Object.keys(expected) as ScriptedTest[];
    const counted = await Promise.all(
      tests.map(async (test) => [test, await this.suite.launches(test)] as const),
    );
    expect(Object.fromEntries(counted)).toEqual(expected);
    await this.expectOneStory();
    await this.expectRecordedOnce(tests);
    await this.expectNothingLeft();
    return state;
  }

  /** No process of the session is left over. */
  async expectNothingLeft(): Promise<void> {
    const isEmpty = async () => (await this.suite.processes()).length === 0;
    await waitUntil(isEmpty, `no process of ${this.id}`, { limitMs: 20_000 });
  }

  /** The session's answer and its directory's are the same, and complete. */
  async expectOneStory(): Promise<void> {
    const asked = await this.world.calib('query', this.id, 'strict-audit', '--json');
    const read = await this.world.calib('strict-audit', '--run-dir', this.runDir, '--json');
    expect([asked.exitCode, read.exitCode], `${asked.stderr}${read.stderr}`).toEqual([0, 0]);
    expect(JSON.parse(asked.stdout)).toEqual(JSON.parse(read.stdout));
  }

  /**
   * Each repeat in place comes from one launch that ended by itself, and all its stages say so: whatever else was tried
   * before cost one recorded attempt each.
   */
  async expectRecordedOnce(tests: readonly ScriptedTest[]): Promise<void> {
    const launches = await this.launches();
    const inPlace = launches.filter(({ folder }) => folder.startsWith(join(this.runDir, '_pytest')));
    for (const test of tests) {
      for (let repeat = 1; repeat <= this.repeats; repeat += 1) {
        const own = inPlace.filter(
          (launch) => launch.namespace === namespaces[test] && launch.repeat === repeat,
        );
        const good = own.filter(endedByItself).map(({ attempt }) => attempt);
        expect(good, `launches of ${test} ${repeat} that ended by themselves`).toHaveLength(1);
        const begun = own.filter((launch) => launch.begun).map(({ attempt }) => attempt);
        for (const stage of stages[test]) {
          const history = await this.#history(stage, repeat);
          expect(history.map(({ n }) => n).sort(byNumber), `attempts in ${stage} ${repeat}`).toEqual(
            begun.sort(byNumber),
          );
          const counting = history.filter(({ outcome }) => outcome !== 'infra' && outcome !== 'aborted');
          expect(counting.map(({ n }) => n)).toEqual(good);
        }
      }
    }
  }

  async #history(stage: string, repeat: number): Promise<Attempt[]> {
    const text = await readFile(runPaths.observation(this.runDir, stage, repeat), 'utf8');
    return observationSchema.parse(JSON.parse(text)).attempt_history ?? [];
  }

  async remove(): Promise<void> {
    await this.suite.remove();
  }
}

function byNumber(a: number, b: number): number {
  return a - b;
}
