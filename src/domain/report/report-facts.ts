import type { AppliedDocument } from '../apply/applied-document.ts';
import type { RunSnapshot } from '../audit/run-snapshot.ts';
import type { ContextBinding } from '../discovery/source-facts.ts';
import type { LogEvidence } from '../evidence/log-evidence.ts';

/** What a report takes from `precheck.json`; every field is null when it is not recorded there. */
export interface PrecheckFacts {
  sglang: string | null;
  torch: string | null;
  /** `2× NVIDIA H20`. */
  gpu_summary: string | null;
  driver: string | null;
  cuda: string | null;
}

/** A repeat that was set aside instead of counted (spec 06 §6). */
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
   * context line says `?`, spec 06 §6).
   */
  bindings: Record<string, ContextBinding[] | null>;
  discarded: DiscardedRepeat[];
  thresholds: CurrentThreshold[];
  /** Of the patterns that the model's config names, in its order. */
  evidence: LogEvidence[];
  /** The session's apply; null while there was none (then a previous report's section is kept). */
  applied: AppliedDocument | null;
  /** Rendered sections that a caller adds before the provenance, for example a comparison. */
  extra_sections: string[];
}
