import type { LaunchMark } from '../../host/process/repeat-mark.ts';
import { buildPytestEnvironment } from '../../host/pytest/launch-command.ts';
import type { Repeat } from './repeat.ts';

/** The whole environment of one launch on the given GPUs; may hold secrets. */
export function launchEnvironment(
  { files, unit }: Repeat,
  launch: { mark: LaunchMark; gpuIndices: readonly number[]; laneCaches?: Readonly<Record<string, string>> },
): Record<string, string> {
  const { plan } = files;
  return buildPytestEnvironment({
    base: process.env,
    catalogEnvironment: plan.environment ?? {},
    unitEnv: unit.env,
    repoRoot: plan.repo_root,
    venvPython: plan.venv_python,
    gpuIndices: launch.gpuIndices,
    mark: launch.mark,
    laneCaches: launch.laneCaches ?? {},
  });
}
