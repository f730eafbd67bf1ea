import type { AppliedDocument } from '../apply/applied-document.ts';
import type { CellFile, RunSnapshot } from '../audit/strict.ts';
import type { ContextBinding } from '../discovery/source-facts.ts';
import type { CiRecord } from '../fingerprint/ci-metrics.ts';
import type { EvidenceDocument } from '../evidence/gate-evidence.ts';
import type { LogEvidence } from '../evidence/log-evidence.ts';
import type { Observation } from '../observation/observation.ts';
import type { RiskDocument } from '../risk/risk-document.ts';
import type { Unit } from '../session/session-plan.ts';

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

/** What a report takes from `precheck.json`; every field is null when it is not recorded there. */
export interface PrecheckFacts {
  sglang: string | null;
  torch: string | null;
  /** `2× NVIDIA H20`. */
  gpu_summary: string | null;
  driver: string | null;
  cuda: string | null;
}

/** A repeat that was discarded instead of counted. */
export interface DiscardedRepeat {
  namespace: string;
  repeat: number;
  /** 1, 2, … per (unit, repeat). */
  n: number;
  reason: string;
  /** `YYYY-MM-DDTHH:MM:SSZ`; empty when the reason file is damaged. */
  at: string;
}

/**
 * A literal as it stands in the checkout, for one metric. Null number: it could not be read; not a statement about
 * what CI asserts, which may add slack.
 */
export interface CurrentThreshold {
  stage_key: string;
  metric_key: string;
  value: number | null;
}

/** Everything a report is rendered from; plain values, so that the same data gives Markdown, HTML and JSON. */
export interface ReportFacts {
  snapshot: RunSnapshot;
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  now: string;
  precheck: PrecheckFacts | null;
  /** Identity of `environment.json`; absent where none is recorded. */
  environment_identity?: string;
  /**
   * By test file: its context bindings as of the session commit; null when the file could not be read there (then the
   * context line says `?`).
   */
  bindings: Record<string, ContextBinding[] | null>;
  /** By stage: the key of the table that its thresholds stand under; absent or null where there is none, or not one. */
  table_keys?: Record<string, number | null>;
  /** Model of the CPU, where it is recorded. */
  cpu_model?: string | null;
  discarded: DiscardedRepeat[];
  thresholds: CurrentThreshold[];
  /** Of the patterns that the model's config names, in its order. */
  evidence: LogEvidence[];
  /** What the gates do to unchanged commits; absent where it was not computed. */
  risk?: RiskDocument;
  /** The session's apply; null while there was none (then a previous report's section is kept). */
  applied: AppliedDocument | null;
  /** Rendered sections that a caller adds before the provenance, for example a comparison. */
  extra_sections: string[];
  /** What the recorded runs say about the rules of the gates; absent where nobody looked. */
  gate_evidence?: EvidenceDocument;
  /** What CI measured; absent where nothing is known. */
  ci?: CiRecord;
}
