import type { ApplyChoice } from './apply-choice.ts';
import { directionOf } from './direction.ts';

/**
 * Metrics that share one literal and do not agree on it (spec 06 §11), one line each. A metric whose literal is kept, or
 * equals what it would write, wants the current value: changing it for another metric would make its gate reject what
 * was observed, or go against the operator.
 */
export function literalConflicts(choices: readonly ApplyChoice[]): string[] {
  const byPlace = new Map<string, ApplyChoice[]>();
  for (const choice of choices) {
    const { location } = choice.metric;
    if (location !== null && choice.action !== 'unknown') {
      const place = `${location.file}:${location.line}:${location.column}`;
      byPlace.set(place, [...(byPlace.get(place) ?? []), choice]);
    }
  }
  return [...byPlace].flatMap(([place, sharing]) => {
    const [first, ...others] = sharing;
    if (first === undefined || others.every((other) => agree(first, other))) {
      return [];
    }
    const wishes = sharing.map((choice) => `${choice.id} wants ${wantedText(choice)}`);
    return [
      `${place} is the literal of several metrics: ${wishes.join(', ')}; decide the same number for all`,
    ];
  });
}

/** Of two that are written the texts count: one literal has one spelling. */
function agree(left: ApplyChoice, right: ApplyChoice): boolean {
  if (left.action === 'write' && right.action === 'write') {
    return left.text === right.text;
  }
  const { worst_op: worst } = left.metric;
  return directionOf({ current: wantedValue(left), next: wantedValue(right), worst }) === 'equal';
}

function wantedValue(choice: ApplyChoice): number | null {
  return choice.action === 'write' ? choice.value : choice.metric.current_raw;
}

function wantedText(choice: ApplyChoice): string {
  return choice.action === 'write' ? choice.text : `${choice.metric.current_text ?? '?'} (as it is)`;
}
