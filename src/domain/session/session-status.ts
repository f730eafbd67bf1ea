import {
  type HostFact,
  type LaneFact,
  type StatusDocument,
  statusDocument,
} from '../audit/status-document.ts';
import { utcTimestamp } from '../clock.ts';
import type { Lane } from '../lanes/lane.ts';
import type { PoolBook } from '../pool/pool-book.ts';
import { matrixFromState } from './matrix-from-state.ts';
import { openRepeats } from './open-repeats.ts';
import { sessionLine } from './session-details.ts';
import { passOfBudget } from './schedule.ts';
import { etaSeconds } from './session-eta.ts';
import { hasNamedLanes, sessionLanes } from './session-lanes.ts';
import type { SessionPlan } from './session-plan.ts';
import type { Phase, SessionState } from './session-state.ts';

const stopped: Phase['kind'][] = ['paused', 'halted', 'blocked'];

/**
 * The `status` document of a running session (spec 06 §5). What only the GPU host can see (memory, log sizes) is null
 * here; the command line adds what it can see where it runs.
 */
export function sessionStatus(plan: SessionPlan, state: SessionState, now: Date): StatusDocument {
  const { phase } = state;
  return statusDocument(matrixFromState(plan, state), {
    run_dir: plan.run_dir,
    now: utcTimestamp(now),
    gpus: null,
    gpu_error: 'GPUs are not visible to the session: ask `status --run-dir` on the GPU host',
    run_log: state.notes.map((note) => `${note.at} ${note.text}`).join('\n'),
    state: phase.kind,
    active: state.active.map(({ namespace, repeat, started_at, waits_for, lane }) => ({
      namespace,
      k: repeat,
      attempt: null,
      started_at,
      log: null,
      log_bytes: null,
      stalled_s: null,
      gpus: null,
      waits_for,
      ...(lane === undefined ? {} : { lane }),
    })),
    halt:
      stopped.includes(phase.kind) || state.abort_requested !== null ? { text: sessionLine(state) } : null,
    budget: {
      attempts_per_pass: plan.policies.attempts_per_pass,
      max_passes: plan.policies.max_passes,
      pass: state.pass,
      launches: state.launches,
      pass_of_budget: passOfBudget(state),
      open: openRepeats(plan, state),
    },
    eta_s: etaSeconds(plan, state),
    ...(hasNamedLanes(plan) ? { lanes: laneFacts(sessionLanes(plan, state), state) } : {}),
    ...(state.pool === undefined ? {} : { hosts: hostFacts(state.pool) }),
  });
}

function laneFacts(table: readonly Lane[], state: SessionState): LaneFact[] {
  return table.map(({ name, gpus }) => {
    const quarantine = state.lanes?.quarantined[name];
    const taken = state.active.some(({ lane }) => lane === name);
    return {
      name,
      gpus,
      state: quarantine !== undefined ? 'quarantined' : taken ? 'taken' : 'free',
      reason: quarantine?.reason ?? null,
    };
  });
}

function hostFacts({ hosts }: PoolBook): HostFact[] {
  return Object.entries(hosts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([host, entry]) => ({
      host,
      state: entry.state,
      since: entry.since,
      run_dir: entry.state === 'joined' ? entry.run_dir : null,
      reason: entry.state === 'joined' ? null : entry.reason,
    }));
}
