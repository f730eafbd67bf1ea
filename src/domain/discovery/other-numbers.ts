import type { Candidate } from './candidates/candidate.ts';
import { findingAt, type Finding } from './finding.ts';
import type { SourceFacts, SourcePosition } from './source-facts.ts';

/** Numbers that are listed for a file; of the others there is a count. */
const mostListed = 20;

/**
 * What discovery says of the numbers that are neither a threshold nor a constant: nothing that could be a gate is passed over
 * without a word. One finding a number, the last of very many for the rest.
 *
 * @param said the candidates and findings so far: what they name is not named again; `isKnown` says whether the config does
 */
export function otherNumbers(
  file: string,
  facts: SourceFacts,
  said: {
    candidates: readonly Candidate[];
    findings: readonly Finding[];
    isKnown: (source: string) => boolean;
  },
): Finding[] {
  const named = new Set([
    ...said.candidates.flatMap(({ literals }) => literals.map(placeKey)),
    ...said.findings.map(({ line, column }) => `${line}:${column}`),
  ]);
  const isKnown = (name: string) => said.isKnown(name) || said.isKnown(name.slice(name.lastIndexOf('.') + 1));
  const others = facts.otherNumbers.filter((number) => !named.has(placeKey(number)) && !isKnown(number.name));
  const finding = (position: SourcePosition | null, message: string): Finding =>
    findingAt(position, { kind: 'other-number', severity: 'info', file, message });
  const shown = others.slice(0, mostListed).map((number) => {
    return finding(number, `${number.name} ${number.text} is no constant that a metric claims`);
  });
  const rest = others.length - shown.length;
  return rest === 0 ? shown : [...shown, finding(null, `${rest} more`)];
}

function placeKey({ line, column }: SourcePosition): string {
  return `${line}:${column}`;
}
