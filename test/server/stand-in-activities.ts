import { Context } from '@temporalio/activity';

import type {
  ApplyInput,
  ApplyOutcome,
  DiscardRepeatInput,
  DiskAudit,
  PrecheckVerdict,
  ReportOutcome,
  RunRepeatInput,
  SessionActivities,
  SyncResult,
} from '../../src/activities/activity-types.ts';
import type { StrictCell } from '../../src/domain/audit/strict.ts';
import type { RepeatOutcome } from '../../src/domain/session/session-state.ts';
import { repeatKey } from '../../src/domain/session/schedule.ts';
import type { SessionPlan } from '../../src/domain/session/session-plan.ts';
import { deferred } from './deferred.ts';

/** What one call of `runRepeat` does; without one the repeat becomes complete. */
export type RepeatScript = (input: RunRepeatInput) => RepeatOutcome | Promise<RepeatOutcome>;

export interface StandInScript {
  /** Per `namespace#k`: what its first, second, … call does. */
  repeats?: Record<string, RepeatScript[]>;
  /** Instead of the stand-ins' own; each gets the call's number, counted from 1. */
  openSession?: (call: number) => DiskAudit | Promise<DiskAudit>;
  precheck?: (call: number) => PrecheckVerdict | Promise<PrecheckVerdict>;
  discardRepeat?: (input: DiscardRepeatInput, call: number) => void | Promise<void>;
  syncSession?: (call: number) => SyncResult | Promise<SyncResult>;
  writeReport?: (call: number) => ReportOutcome | Promise<ReportOutcome>;
  applyThresholds?: (input: ApplyInput, call: number) => ApplyOutcome | Promise<ApplyOutcome>;
}

/** A host without pytest: a run directory in memory, and repeats that end as the test has written. */
export class StandInActivities implements SessionActivities {
  readonly plan: SessionPlan;
  /** Every call in order: `runRepeat test_alpha_ci#1`, `writeReport`, … */
  readonly calls: string[] = [];
  /** What `run.log` would hold. */
  readonly log: string[] = [];
  readonly inputs: RunRepeatInput[] = [];
  readonly #script: StandInScript;
  readonly #disk = new Map<string, Record<string, StrictCell>>();
  readonly #counts = new Map<string, number>();
  /** Repeats running at this moment, and the most there ever were. */
  #running = 0;
  mostRunning = 0;

  constructor(plan: SessionPlan, script: StandInScript = {}) {
    this.plan = plan;
    this.#script = script;
  }

  /** All launches in order, as `namespace#k`. */
  get launches(): string[] {
    return this.calls
      .filter((call) => call.startsWith('runRepeat '))
      .map((call) => call.slice('runRepeat '.length));
  }

  async openSession(): Promise<DiskAudit> {
    const call = this.#note('openSession');
    return (await this.#script.openSession?.(call)) ?? this.audit();
  }

  async precheck(): Promise<PrecheckVerdict> {
    const call = this.#note('precheck');
    return (await this.#script.precheck?.(call)) ?? { ok: true, errors: [], warnings: [] };
  }

  async runRepeat(input: RunRepeatInput): Promise<RepeatOutcome> {
    const key = repeatKey(input);
    const call = this.#note(`runRepeat ${key}`);
    this.inputs.push(input);
    this.#running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.#running);
    try {
      const script = this.#script.repeats?.[key]?.[call - 1];
      const outcome = script === undefined ? this.complete(input) : await script(input);
      this.#disk.set(key, outcome.cells);
      return outcome;
    } finally {
      this.#running -= 1;
    }
  }

  async discardRepeat(input: DiscardRepeatInput): Promise<void> {
    const call = this.#note(`discardRepeat ${repeatKey(input)}`);
    await this.#script.discardRepeat?.(input, call);
    this.#disk.delete(repeatKey(input));
  }

  async syncSession(): Promise<SyncResult> {
    const call = this.#note('syncSession');
    return (await this.#script.syncSession?.(call)) ?? { ...this.audit(), notes: [] };
  }

  async writeReport(): Promise<ReportOutcome> {
    const call = this.#note('writeReport');
    const report = `${this.plan.run_dir}/report.md`;
    const written = { kind: 'written', report, html: report.replace('.md', '.html') } as const;
    return (await this.#script.writeReport?.(call)) ?? written;
  }

  async applyThresholds(input: ApplyInput): Promise<ApplyOutcome> {
    const call = this.#note(`applyThresholds ${input.mode}`);
    return (
      (await this.#script.applyThresholds?.(input, call)) ?? {
        kind: 'applied',
        edits: 0,
        summary: ['nothing'],
      }
    );
  }

  async logMilestones({ lines }: { run_dir: string; lines: string[] }): Promise<void> {
    this.log.push(...lines);
  }

  /** The matrix as it stands on the stand-ins' disk. */
  audit(): DiskAudit {
    const cells: DiskAudit['cells'] = {};
    for (const { namespace, stages } of this.plan.units) {
      for (const stage of stages) {
        cells[stage] = Array.from({ length: this.plan.repeats }, (_, index) => {
          const cell = this.#disk.get(repeatKey({ namespace, repeat: index + 1 }))?.[stage];
          return cell ?? { symbol: '—', reason: 'missing file' };
        });
      }
    }
    return { cells, provenance: { missing_sha: [], mismatches: [], altered: [] } };
  }

  /** Puts a valid repeat onto the disk behind the session's back. */
  repair(namespace: string, repeat: number): void {
    this.#disk.set(repeatKey({ namespace, repeat }), this.cells(namespace, { symbol: '✓', reason: '' }));
  }

  cells(namespace: string, cell: StrictCell): Record<string, StrictCell> {
    const unit = this.plan.units.find((each) => each.namespace === namespace);
    return Object.fromEntries((unit?.stages ?? []).map((stage) => [stage, cell]));
  }

  complete({ namespace }: Pick<RunRepeatInput, 'namespace'>): RepeatOutcome {
    const cells = this.cells(namespace, { symbol: '✓', reason: '' });
    return { kind: 'complete', cells, launches: 1, duration_s: 60, lane: 'gpu-1/0' };
  }

  #note(call: string): number {
    this.calls.push(call);
    const count = (this.#counts.get(call) ?? 0) + 1;
    this.#counts.set(call, count);
    return count;
  }
}

/** Outcomes for scripts, by what ended the repeat. */
export const endings = {
  seen:
    (ok: boolean, lines: string[]): RepeatScript =>
    () => ({ kind: 'seen', seen: { ok, lines }, cells: {}, launches: 1, duration_s: 12, lane: 'gpu-1/0' }),
  partial:
    (plan: SessionPlan, reason = 'partial samples (9/10)'): RepeatScript =>
    ({ namespace }) => ({
      kind: 'incomplete',
      reason,
      cells: new StandInActivities(plan).cells(namespace, { symbol: '△', reason }),
      launches: 1,
      duration_s: 30,
      lane: 'gpu-1/0',
    }),
  exhausted:
    (plan: SessionPlan, reason = 'OOM'): RepeatScript =>
    ({ namespace }) => ({
      kind: 'exhausted',
      reason,
      cells: new StandInActivities(plan).cells(namespace, { symbol: '✗', reason }),
      launches: plan.policies.attempts_per_pass,
      duration_s: 30,
      lane: 'gpu-1/0',
    }),
  halt:
    (plan: SessionPlan, text = 'alpha_wer.value: path missing — results.json::summary.wer'): RepeatScript =>
    ({ namespace, repeat }) => ({
      kind: 'halt',
      cause: { text, namespace, repeat },
      cells: new StandInActivities(plan).cells(namespace, { symbol: '✗', reason: text }),
      launches: 1,
      duration_s: 30,
      lane: 'gpu-1/0',
    }),
} as const;

/** A repeat that runs until the test lets it end, or until the session cancels it. */
export function heldRepeat(end: RepeatScript): {
  script: RepeatScript;
  started: Promise<void>;
  cancelled: Promise<void>;
  release: () => void;
} {
  const started = deferred();
  const released = deferred();
  const cancelled = deferred();
  return {
    started: started.promise,
    cancelled: cancelled.promise,
    release: released.resolve,
    script: async (input) => {
      const context = Context.current();
      const beat = setInterval(() => context.heartbeat(), 50);
      context.heartbeat();
      started.resolve();
      try {
        await Promise.race([released.promise, context.cancelled]);
        return await end(input);
      } catch (error) {
        cancelled.resolve();
        throw error;
      } finally {
        clearInterval(beat);
      }
    },
  };
}
