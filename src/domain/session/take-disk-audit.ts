import type { AuditCell } from '../audit/audit-matrix.ts';
import type { ProvenanceFindings } from '../audit/provenance.ts';
import { setCell } from './record-outcome.ts';
import { markOf, repeatKey, setMark } from './schedule.ts';
import type { SessionPlan } from './session-plan.ts';
import type { SessionState } from './session-state.ts';

/** The strict matrix as it stands on disk. */
export interface DiskAudit {
  /** By stage key: N cells, index k − 1. */
  cells: Record<string, AuditCell[]>;
  provenance: ProvenanceFindings;
  /** Highest pass that an attempt on disk bears; absent where none does, or where nobody looked. */
  last_pass?: number;
  /** By stage key, where a corrected `stages.yaml` may say otherwise than the plan. */
  expected_samples?: Record<string, number | null>;
}

/**
 * Makes matrix and schedule agree with the disk: a repeat is done iff every stage of its unit is valid there. Running
 * repeats are left alone. Changes `state`.
 */
export function takeDiskAudit(plan: SessionPlan, state: SessionState, audit: DiskAudit): void {
  if (audit.expected_samples !== undefined) state.expected_samples = audit.expected_samples;
  for (const unit of plan.units) {
    for (let repeat = 1; repeat <= plan.repeats; repeat += 1) {
      const id = { namespace: unit.namespace, repeat };
      if (markOf(state, id) === 'r') continue;
      const cells = unit.stages.map((stage) => audit.cells[stage]?.[repeat - 1]);
      unit.stages.forEach((stage, index) => {
        setCell(state, stage, repeat, cells[index] ?? { symbol: '—', reason: 'missing file' });
      });
      const valid = cells.every((cell) => cell?.symbol === '✓' && !cell.incomplete);
      if (valid) {
        setMark(state, id, 'd');
        delete state.open[repeatKey(id)];
      } else if (markOf(state, id) === 'd') setMark(state, id, '.');
    }
  }
  state.provenance = audit.provenance;
}
