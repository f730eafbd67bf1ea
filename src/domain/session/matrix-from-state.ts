import type { AuditCell, AuditMatrix } from '../audit/audit-matrix.ts';
import type { StrictSymbol } from '../audit/strict-cell.ts';
import type { SessionPlan } from './session-plan.ts';
import type { SessionState } from './session-state.ts';

/** The audits' input from a running session: the same documents come out as from its run directory. */
export function matrixFromState(plan: SessionPlan, state: SessionState): AuditMatrix {
  return {
    model: plan.model,
    repeats: plan.repeats,
    calibration_git_sha: plan.git_sha,
    stages: plan.stages.map((stage) => ({
      stage_key: stage.key,
      expected_samples: stage.expected_samples,
      cells: [...(state.symbols[stage.key] ?? '')].map((symbol, index) =>
        cell(symbol as StrictSymbol, state.reasons[stage.key]?.[String(index + 1)]),
      ),
    })),
    provenance: state.provenance,
  };
}

function cell(symbol: StrictSymbol, reason: string | undefined): AuditCell {
  if (symbol === '✓') return { symbol, reason: '' };
  return { symbol, reason: reason ?? 'missing file' };
}
