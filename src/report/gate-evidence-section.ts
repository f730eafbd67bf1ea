import type { EvidenceDocument, EvidenceFinding, GateEvidence } from '../domain/evidence/gate-evidence.ts';
import { isUnsettled } from '../domain/evidence/gate-evidence.ts';
import { counted } from '../domain/text.ts';
import { tableRow } from './metric-table.ts';

/**
 * What the recorded runs say against the rules of the gates, and how many they bear out; no lines where neither is known.
 * Ends with an empty line.
 */
export function gateEvidenceSection({ gates, findings }: EvidenceDocument): string[] {
  const unsettled = gates.filter(({ verdict }) => isUnsettled(verdict));
  if (unsettled.length === 0 && findings.length === 0) return [];
  return [
    '## Gates against pytest',
    '',
    ...(unsettled.length === 0 ? [] : unsettledLines(unsettled)),
    ...findings.map(findingLine),
    ...(findings.length === 0 ? [] : ['']),
    `> ${summary(gates)}`,
    '',
  ];
}

function unsettledLines(unsettled: readonly GateEvidence[]): string[] {
  return [
    `No literal of ${unsettled.length === 1 ? 'this gate' : 'these gates'} is written until a person decides about it (\`--decide STAGE.METRIC=keep|apply|NUMBER\`).`,
    '',
    '| Metric | Verdict | Rule | Where | Why |',
    '|-----|--------|--------|--------|--------|',
    ...unsettled.map(({ stage, metric, verdict, rule, reason }) =>
      tableRow([
        `${stage}.${metric}`,
        verdict.replaceAll('_', ' '),
        rule.op === null ? rule.status : `${rule.op} ${rule.threshold ?? '?'} (${rule.status})`,
        rule.at ?? '—',
        reason ?? '—',
      ]),
    ),
    '',
  ];
}

function findingLine({ test, repeat, message }: EvidenceFinding): string {
  return `- ${test} failed in run ${repeat} although every gate of it passes: failed for another reason (${message})`;
}

function summary(gates: readonly GateEvidence[]): string {
  const count = (wanted: GateEvidence['verdict']) => gates.filter(({ verdict }) => verdict === wanted).length;
  return `${counted(gates.length, 'gate')} held against pytest's outcomes: ${count('confirmed')} confirmed, ${count('consistent')} consistent, ${count('not_reached')} not reached, ${count('not_tested')} not tested, ${count('unit_suspected')} of a suspected unit, ${count('contradicted')} contradicted`;
}
