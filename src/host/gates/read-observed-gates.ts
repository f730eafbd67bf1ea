import { gateAt, type GateSource } from '../../domain/gates/build-gates.ts';
import type { Gate } from '../../domain/gates/gate.ts';
import { matchObserved, withObserved } from '../../domain/gates/match-observed.ts';
import type { ObservedDocument } from '../../domain/gates/observed.ts';
import type { FileReading } from '../../domain/gates/reading.ts';
import { type FindObservedOptions, findObserved } from '../observer/find-observed.ts';
import { readGates, type ReadGatesQuestion } from './read-gates.ts';

export interface ObservedGates {
  /** At their present literals. */
  gates: { source: GateSource; gate: Gate }[];
  readings: FileReading[];
  /** Null where no smoke of this commit was observed. */
  observed: ObservedDocument | null;
}

/**
 * The gates of a model's metrics as its test files assert them, held against what a smoke at the same commit observed.
 *
 * @param question `where`: null where no commit is known that an observation could belong to
 */
export async function readObservedGates(
  question: ReadGatesQuestion & { where: FindObservedOptions | null },
): Promise<ObservedGates> {
  const { gates, readings } = await readGates(question);
  const observed = question.where === null ? null : await findObserved(question.where);
  const stages = new Map(question.stages.map((stage) => [stage.key, stage]));
  return {
    gates: gates.map((source) => {
      const gate = gateAt(source);
      const worst = stages.get(gate.stage)?.metrics[gate.metric]?.worst;
      const seen = observed === null || worst === undefined ? null : matchObserved(gate, observed, worst);
      return { source, gate: withObserved(gate, seen) };
    }),
    readings,
    observed,
  };
}
