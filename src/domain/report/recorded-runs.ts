import type { CellFile, RunSnapshot } from '../audit/run-snapshot.ts';
import type { Observation } from '../observation/observation.ts';
import type { Unit } from '../plan/unit.ts';

/** One pytest repeat that left at least one observation. */
export interface RecordedRun {
  namespace: string;
  repeat: number;
  /** Of the first stage that the run fed: siblings share the invocation. */
  observation: Observation;
  cpuOnly: boolean;
}

/** One entry per recorded pytest repeat, in plan order. */
export function recordedRuns({ plan, stages, cells }: RunSnapshot): RecordedRun[] {
  const units = plan.units ?? [];
  const runs = new Map<string, RecordedRun>();
  for (const stage of stages) {
    const unit = units.find((candidate) => candidate.stages.includes(stage.key));
    for (const [index, file] of (cells[stage.key] ?? []).entries()) {
      const run = recordedRun({ file, unit, stage: stage.key, repeat: index + 1 });
      const name = run === null ? '' : `${run.namespace}#${run.repeat}`;
      if (run !== null && !runs.has(name)) {
        runs.set(name, run);
      }
    }
  }
  return [...runs.values()];
}

function recordedRun(cell: {
  file: CellFile;
  unit: Unit | undefined;
  stage: string;
  repeat: number;
}): RecordedRun | null {
  if (cell.file.kind !== 'recorded') {
    return null;
  }
  const { observation } = cell.file;
  const namespace =
    cell.unit?.namespace ?? observation.namespace ?? legacyNamespace(observation) ?? cell.stage;
  return { namespace, repeat: cell.repeat, observation, cpuOnly: cell.unit?.gpus === 0 };
}

/** v0.6.0 records no unit, but the log's folder `_pytest/<namespace>/` is named after it. */
function legacyNamespace({ pytest_log: log }: Observation): string | undefined {
  return log === undefined ? undefined : /_pytest\/([^/]+)\//.exec(log)?.[1];
}
