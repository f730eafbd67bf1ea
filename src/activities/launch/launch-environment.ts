import { delimiter } from 'node:path';

import { type LaunchMark, repeatMarkVariable } from '../../host/process/repeat-mark.ts';
import { sessionEnvironment } from '../../host/pytest/passed-environment.ts';
import { buildPytestEnvironment } from '../../host/pytest/launch-command.ts';
import type { LaunchExtras } from './launch-extras.ts';
import type { Repeat } from '../repeat/repeat.ts';

/** The whole environment of one launch on the given GPUs; may hold secrets. */
export function launchEnvironment(
  { files, unit }: Repeat,
  launch: {
    mark: LaunchMark;
    gpuIndices: readonly number[];
    laneCaches?: Readonly<Record<string, string>>;
    extras?: LaunchExtras;
    cpus?: string | undefined;
  },
): Record<string, string> {
  const { plan } = files;
  const { pythonPath = [], environment = {} } = launch.extras ?? {};
  const base = buildPytestEnvironment({
    base: sessionEnvironment(plan.passed_env, process.env),
    catalogEnvironment: plan.environment ?? {},
    unitEnv: unit.env,
    repoRoot: plan.repo_root,
    venvPython: plan.venv_python,
    gpuIndices: launch.gpuIndices,
    mark: launch.mark,
    laneCaches: launch.laneCaches ?? {},
    ...(launch.cpus === undefined ? {} : { cpus: launch.cpus }),
  });
  const PYTHONPATH = [base['PYTHONPATH'], ...pythonPath].join(delimiter);
  const mark = { [repeatMarkVariable]: base[repeatMarkVariable] ?? '' };
  return { ...base, PYTHONPATH, ...environment, ...mark };
}
