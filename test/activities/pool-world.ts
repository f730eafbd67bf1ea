import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { onTestFinished, vi } from 'vitest';

import type { ActivityDependencies } from '../../src/activities/repeat/repeat.ts';
import type { JoinInput } from '../../src/activities/activity-types.ts';
import { createActivities } from '../../src/activities/create-activities.ts';
import { openSession } from '../../src/activities/open-session.ts';
import type { MemberBasis } from '../../src/activities/pool/pool-member.ts';
import { precheck } from '../../src/activities/precheck.ts';
import { readStandard } from '../../src/activities/report-and-apply.ts';
import type { JoinOutcome } from '../../src/domain/pool/pool.ts';
import type { SessionPlan } from '../../src/domain/session/session-plan.ts';
import { readGitState } from '../../src/host/git/tree.ts';
import { makeRequirements } from '../domain/precheck/requirements-fixture.ts';
import { gitIdentity } from '../fixtures/git-identity.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { putVenv } from '../host/precheck/precheck-world.ts';
import { directoryWorld, sessionPlan } from './directory-world.ts';
import { inActivity } from './in-activity.ts';

export const POOL = 'h20';
export const HOME = 'h20-1';
export const OTHER = 'h20-2';

const packages = [
  { name: 'torch', version: '2.11.0+cu130' },
  { name: 'numpy', version: '1.26.4' },
];

export interface PoolWorldOptions {
  /** The home host's difference from the commit, by path; the other host gets the same. */
  changes?: Record<string, string>;
  /** Distributions of the other host. */
  installed?: { name: string; version: string }[];
  basis?: Partial<MemberBasis>;
  plan?: Partial<SessionPlan>;
}

/** A session that has passed its gate on the home host, and another host of the pool with a checkout of its own. */
export async function poolWorld(options: PoolWorldOptions = {}) {
  vi.stubEnv('CALIB_LEASE_SCOPE', `pool-${randomUUID().slice(0, 8)}`);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const world = directoryWorld();
  world.write('pyproject.toml', '[project]\nname = "nova"\ndependencies = ["torch==2.11.0"]\n');
  world.git('add', '-A');
  world.git('commit', '-qm', 'second');
  const there = temporaryFolder();
  const root = join(there, 'checkout');
  execFileSync('git', ['clone', '-q', world.root, root]);
  for (const [path, text] of Object.entries(options.changes ?? {})) {
    world.write(path, text);
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const catalog = join(there, 'catalog');
  cpSync(world.catalog, catalog, { recursive: true });

  const pins = [{ package: 'torch', match: 'release' as const }];
  const gate = { skip: false, skip_version_check: false, requirements: makeRequirements({ pins }) };
  const plan = await sessionPlan(world, {
    pool: POOL,
    hostname: HOME,
    venv_python: putVenv(join(temporaryFolder(), 'venv'), packages),
    precheck: gate,
    ...options.plan,
  });
  await openSession(plan);
  const verdict = await precheck(plan);
  if (!verdict.ok) throw new Error(verdict.errors.join('; '));

  const basis: MemberBasis = {
    host: 'second',
    repo_root: root,
    venv_python: putVenv(join(there, 'venv'), options.installed ?? packages),
    venv_source: 'host',
    catalog_dir: catalog,
    stages_yaml: join(catalog, 'models', 'nova-v1', 'stages.yaml'),
    environment: {},
    cleanup_script: null,
    lanes: [],
    gpu_count: null,
    ...options.basis,
  };
  const runRoot = join(root, '.tune-runs');
  const deps: ActivityDependencies = {
    hostname: OTHER,
    gpus: null,
    lanes: 2,
    isSessionOpen: () => Promise.resolve(true),
    member: { pool: POOL, runRoot, resolve: () => Promise.resolve(basis) },
    timing: { graceMs: 500, killWaitMs: 2000, busyRetryMs: 10 },
  };
  const standard = await readStandard(plan.run_dir);
  return {
    home: world,
    plan,
    standard,
    basis,
    deps,
    root,
    catalog,
    mirror: join(runRoot, plan.session_id),
    git: (...args: string[]) =>
      execFileSync('git', [...gitIdentity, ...args], { cwd: root, encoding: 'utf8' }).trim(),
    write: (path: string, text: string) => writeFileSync(join(root, path), text),
    fingerprint: async (place: string) => (await readGitState(place)).treeFingerprint,
    join: async (
      input: Partial<JoinInput> = {},
      other: Partial<ActivityDependencies> = {},
      info: { attempt?: number } = {},
    ): Promise<JoinOutcome> =>
      await inActivity(
        () => createActivities({ ...deps, ...other }).joinSession({ plan, standard, known: [], ...input }),
        info,
      ),
  };
}

export type PoolWorld = Awaited<ReturnType<typeof poolWorld>>;

/** Why a host refused; fails where it joined. */
export function reasonsOf(outcome: JoinOutcome): string[] {
  if (outcome.kind === 'refused') return outcome.reasons;
  throw new Error(`joined with ${outcome.run_dir}`);
}
