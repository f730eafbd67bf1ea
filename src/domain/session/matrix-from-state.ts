import type { AuditCell, AuditMatrix } from '../audit/audit-matrix.ts';
import type { StrictSymbol } from '../audit/strict-cell.ts';
import { unrunReason } from './record-outcome.ts';
import type { PlannedStage, SessionPlan } from './session-plan.ts';
import type { SessionState } from './session-state.ts';

/** The audits' input from a running session: the same documents come out as from its run directory. */
export function matrixFromState(plan: SessionPlan, state: SessionState): AuditMatrix {
  return {
    model: plan.model,
    repeats: plan.repeats,
    calibration_git_sha: plan.git_sha,
    stages: plan.stages.map((stage) => ({
      stage_key: stage.key,
      expected_samples: expectedSamples(state, stage),
      // Without a look-up of a global per cell: in a workflow's context they cost seven times the rest.
      cells: [...(state.symbols[stage.key] ?? '')].map((symbol, index) =>
        cell(state, { stage: stage.key, repeat: `${index + 1}`, symbol: symbol as StrictSymbol }),
      ),
    })),
    provenance: state.provenance,
  };
}

function cell(
  state: SessionState,
  { stage, repeat, symbol }: { stage: string; repeat: string; symbol: StrictSymbol },
): AuditCell {
  const reason = symbol === '✓' ? '' : (state.reasons[stage]?.[repeat] ?? unrunReason);
  const incomplete = state.incomplete?.[stage]?.[repeat];
  return incomplete === undefined ? { symbol, reason } : { symbol, reason, incomplete };
}

/** A corrected `stages.yaml` may have taken the number away, which is not the same as not knowing it. */
function expectedSamples(state: SessionState, stage: PlannedStage): number | null {
  const audited = state.expected_samples?.[stage.key];
  return audited === undefined ? stage.expected_samples : audited;
}
