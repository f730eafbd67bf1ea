import { renderFindings } from './provenance.ts';
import type { Readiness } from './readiness.ts';
import { renderStrictStage } from './strict-audit.ts';

const missingShown = 15;

/**
 * Why a report is refused, or null when all three conditions hold (spec 06 §6: provenance, then strict, then
 * completeness). The text starts with `refusing report — …`, the first line being the verdict, the rest evidence.
 */
export function reportRefusal(state: Readiness): string | null {
  const lines = provenanceRefusal(state) ?? strictRefusal(state) ?? completenessRefusal(state);
  return lines === null ? null : [`refusing report — ${lines[0]}`, ...lines.slice(1)].join('\n');
}

function provenanceRefusal({ provenance }: Readiness): string[] | null {
  return provenance.ok
    ? null
    : [
        `git provenance failed: ${provenance.reason}`,
        ...renderFindings(provenance.mismatches),
        ...renderFindings(provenance.missing_sha),
      ];
}

function strictRefusal({ strict }: Readiness): string[] | null {
  if (strict.strict_complete) {
    return null;
  }
  const unready = strict.stages.filter((stage) => !stage.strict_ok);
  return [
    `strict audit incomplete (${strict.strict_ready}/${strict.total_stages} stages strict-ready)`,
    ...unready.map((stage) => `  ${renderStrictStage(stage, '')}`),
  ];
}

function completenessRefusal({ completeness }: Readiness): string[] | null {
  if (completeness.complete) {
    return null;
  }
  const { missing } = completeness;
  const shown = missing
    .slice(0, missingShown)
    .map((run) => `  ${run.stage_key}/run${run.run}: ${run.reason}`);
  const rest = missing.length > missingShown ? [`  … and ${missing.length - missingShown} more`] : [];
  return [`incomplete calibration (${completeness.ok}/${completeness.total})`, ...shown, ...rest];
}
