import type { Command } from 'commander';

/**
 * A command module is `src/cli/<command>.ts` and exports `register(program)`, which calls
 * `program.command('<command>')`
 * and adds description, options (shared ones through `addSharedOptions`), an example (`addExamples`) and an action.
 * The action imports what it needs lazily, reads shared options through `createContext(command)`, prints answers
 * through `output.ts`, throws `CalibError` for what a person must correct, and sets `process.exitCode` (from
 * `exitCode`) for an answer that means "not ready". It never calls `process.exit`.
 */
export interface CommandModule {
  register: (program: Command) => void;
}

export interface CommandEntry {
  name: string;
  /** The line in `calib --help`; the module itself has the long description. */
  summary: string;
  load: () => Promise<CommandModule>;
}

function entry(name: string, summary: string, load: () => Promise<CommandModule>): CommandEntry {
  return { name, summary, load };
}

/** Every command, in the order of `calib --help`. Only the one that is asked for is loaded. */
export const commandTable: readonly CommandEntry[] = [
  entry(
    'models-list',
    'names of the models in the catalog',
    () => import('./commands/catalog-lists/models-list.ts'),
  ),
  entry(
    'hosts-list',
    'names of the host profiles in the catalog',
    () => import('./commands/catalog-lists/hosts-list.ts'),
  ),
  entry(
    'stages-list',
    'bases, stages and groups of a model',
    () => import('./commands/catalog-lists/stages-list.ts'),
  ),
  entry(
    'discover',
    "write a model's stages.yaml from its test files",
    () => import('./commands/discover/discover.ts'),
  ),
  entry(
    'gates',
    'what CI compares each metric with, read from the suite',
    () => import('./commands/gates/gates.ts'),
  ),
  entry(
    'precheck',
    'whether this machine is ready, gap by gap',
    () => import('./commands/precheck/precheck.ts'),
  ),
  entry(
    'fingerprint',
    'the environment of this machine, as JSON',
    () => import('./commands/fingerprint/fingerprint.ts'),
  ),
  entry(
    'compare-env',
    'what differs between two recorded environments',
    () => import('./commands/compare-env/compare-env.ts'),
  ),
  entry('status', 'JSON snapshot of a run directory', () => import('./commands/status/status.ts')),
  entry(
    'strict-audit',
    'strict matrix of a run directory',
    () => import('./commands/strict-audit/strict-audit.ts'),
  ),
  entry('report', 'write report.md and report.html, or refuse', () => import('./commands/report/report.ts')),
  entry(
    'apply-plan',
    'what an apply would write, as JSON',
    () => import('./commands/apply-plan/apply-plan.ts'),
  ),
  entry(
    'risk',
    'how often each gate fails unchanged code, and what it catches',
    () => import('./commands/risk/risk.ts'),
  ),
  entry('up', 'embedded Temporal server and a GPU-host worker', () => import('./commands/up/up.ts')),
  entry('worker', 'GPU-host worker against an existing server', () => import('./commands/worker/worker.ts')),
  entry('start', 'begin a session, or continue a run directory', () => import('./commands/start/start.ts')),
  entry('list', 'sessions with state, commit, strict count', () => import('./commands/list/list.ts')),
  entry('query', "answers from a session's own state", () => import('./commands/query/query.ts')),
  entry('signal', 'tell a session to purge, pause, apply, …', () => import('./commands/signal/signal.ts')),
  entry(
    'apply',
    'decide a waiting session: show, ask, write the literals',
    () => import('./commands/apply/apply.ts'),
  ),
  entry(
    'publish',
    'what to commit after an apply; commits when told to',
    () => import('./commands/publish/publish.ts'),
  ),
  entry('prune', 'remove base temps and logs of ended sessions', () => import('./commands/prune/prune.ts')),
  entry('watch', 'live progress of a session', () => import('./commands/watch/watch.ts')),
  entry('logs', "the active pytest's output", () => import('./commands/logs/logs.ts')),
];
