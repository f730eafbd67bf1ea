import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import {
  isPhaseTransition,
  type PhaseKind,
  phaseTransitions,
} from '../../../src/domain/session/phase-transitions.ts';
import { searchAttributeNames } from '../../../src/workflows/messages.ts';

const histories = fileURLToPath(new URL('../../histories/', import.meta.url));
const page = readFileSync(fileURLToPath(new URL('../../../docs/architecture.md', import.meta.url)), 'utf8');
const kinds = Object.keys(phaseTransitions) as PhaseKind[];
const ends = ['completed', 'aborted', 'failed'];

const historySchema = z.object({
  events: z.array(
    z.looseObject({
      upsertWorkflowSearchAttributesEventAttributes: z
        .object({
          searchAttributes: z.object({
            indexedFields: z.record(z.string(), z.object({ data: z.string().optional() })),
          }),
        })
        .optional(),
    }),
  ),
});

/** The phases that a saved history went through, as its search attribute tells. */
function phasesOf(file: string): PhaseKind[] {
  const { events } = historySchema.parse(JSON.parse(readFileSync(histories + file, 'utf8')));
  return events.flatMap(({ upsertWorkflowSearchAttributesEventAttributes: upsert }) => {
    const data = upsert?.searchAttributes.indexedFields[searchAttributeNames.state]?.data;
    if (data === undefined) return [];
    const value: unknown = JSON.parse(Buffer.from(data, 'base64').toString());
    return [z.enum(kinds as [PhaseKind, ...PhaseKind[]]).parse(value)];
  });
}

test.each(readdirSync(histories).filter((name) => name.endsWith('.json')))(
  'the session of %s changes phase only as the table allows',
  (file) => {
    const phases = phasesOf(file);
    expect(phases.length).toBeGreaterThan(1);
    const pairs = phases.slice(1).map((to, index) => [phases[index], to] as [PhaseKind, PhaseKind]);
    expect(pairs.filter(([from, to]) => !isPhaseTransition(from, to))).toEqual([]);
  },
);

test('nothing follows an end, and every other phase leads to one', () => {
  for (const kind of kinds) expect(phaseTransitions[kind].length === 0).toBe(ends.includes(kind));
  const reached = (from: PhaseKind, seen: Set<PhaseKind>): Set<PhaseKind> => {
    for (const { to } of phaseTransitions[from]) if (!seen.has(to)) reached(to, seen.add(to));
    return seen;
  };
  for (const kind of kinds.filter((each) => !ends.includes(each))) {
    expect([...reached(kind, new Set())]).toEqual(expect.arrayContaining(['completed']));
  }
});

describe('docs/architecture.md', () => {
  test('has a row for every transition, with its cause, and no other', () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| `(\w+)` \| (.+) \|$/gm)].map(
      ([, from, to, on]) => `${from} ${to} ${on}`,
    );
    const wanted = kinds.flatMap((from) => phaseTransitions[from].map(({ to, on }) => `${from} ${to} ${on}`));
    expect(rows.sort()).toEqual(wanted.sort());
  });

  test('draws every transition in its state diagram, and no other', () => {
    const arrows = [...page.matchAll(/^ {4}(\w+) --> (\w+)$/gm)].map(([, from, to]) => `${from} ${to}`);
    const wanted = kinds.flatMap((from) => phaseTransitions[from].map(({ to }) => `${from} ${to}`));
    expect(arrows.sort()).toEqual([...new Set(wanted)].sort());
  });
});
