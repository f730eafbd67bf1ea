import { join } from 'node:path';

/** Where everything of a run directory lies. All results are absolute when `runDir` is. */
export const runPaths = {
  plan: (runDir: string) => join(runDir, 'plan.json'),
  precheck: (runDir: string) => join(runDir, 'precheck.json'),
  /** `calib.environment/1`: what the session's first repeats ran in. */
  environment: (runDir: string) => join(runDir, 'environment.json'),
  runLog: (runDir: string) => join(runDir, 'run.log'),
  workspaceDiff: (runDir: string) => join(runDir, 'workspace.diff'),
  /** The copy of the catalog's `stages.yaml` that this session means. */
  stagesYaml: (runDir: string) => join(runDir, 'stages.yaml'),
  report: (runDir: string) => join(runDir, 'report.md'),
  htmlReport: (runDir: string) => join(runDir, 'report.html'),
  applied: (runDir: string) => join(runDir, 'applied.json'),
  /** The files that an apply edits, before and after, and its journal; what `--undo` restores from. */
  applyFolder: (runDir: string) => join(runDir, '_apply'),
  /** `calib.apply-journal/1`. */
  applyJournal: (runDir: string) => join(runDir, '_apply', 'journal.json'),
  observation: (runDir: string, stage: string, repeat: number) => join(runDir, stage, `run${repeat}.json`),
  stageLog: (runDir: string, stage: string, repeat: number) => join(runDir, stage, `run${repeat}.log`),
  /** Everything of one unit: logs, base temps, attempts, commit markers. */
  unit: (runDir: string, namespace: string) => join(runDir, '_pytest', namespace),
  /** `run{k}.log`: a link to the log of the last attempt. */
  log: (runDir: string, namespace: string, repeat: number) =>
    join(runDir, '_pytest', namespace, `run${repeat}.log`),
  attemptLog: (runDir: string, namespace: string, repeat: number, attempt: number) =>
    join(runDir, '_pytest', namespace, `run${repeat}.attempt${attempt}.log`),
  baseTemp: (runDir: string, namespace: string, repeat: number) =>
    join(runDir, '_pytest', namespace, `basetemp_run${repeat}`),
  /** Folder of the supervisor's files for one launch: spec, identity, exit status. */
  launch: (runDir: string, namespace: string, repeat: number, attempt: number) =>
    join(runDir, '_pytest', namespace, `run${repeat}.attempt${attempt}`),
  /** `calib.attempts/1`: every attempt of this (unit, repeat), finished ones only. */
  attempts: (runDir: string, namespace: string, repeat: number) =>
    join(runDir, '_pytest', namespace, `run${repeat}.attempts.json`),
  /** `calib.smoke/1`, in the directory of a smoke only: what the unit's one launch showed. */
  smoke: (runDir: string, namespace: string, repeat: number) =>
    join(runDir, '_pytest', namespace, `run${repeat}.smoke.json`),
  /** `calib.observed/1`, in the directory of a smoke only: the comparisons that the unit's one launch made. */
  observed: (runDir: string, namespace: string, repeat: number) =>
    join(runDir, '_pytest', namespace, `run${repeat}.observed.json`),
  /** `calib.repeat/1`: written last; a calib observation without it does not count. */
  commitMarker: (runDir: string, namespace: string, repeat: number) =>
    join(runDir, '_pytest', namespace, `run${repeat}.commit.json`),
  /** `calib.dispatch/1`, on other hosts of a pool only: which of the session's dispatches this repeat's files are of. */
  dispatch: (runDir: string, namespace: string, repeat: number) =>
    join(runDir, '_pytest', namespace, `run${repeat}.dispatch.json`),
  /** `calib.log-evidence/1`: of a repeat whose log lies on another host of a pool. */
  evidence: (runDir: string, namespace: string, repeat: number) =>
    join(runDir, '_pytest', namespace, `run${repeat}.evidence.json`),
  discarded: (runDir: string, namespace: string) => join(runDir, '_discarded', namespace),
} as const;
