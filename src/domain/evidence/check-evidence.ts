import { thresholdId } from '../apply/thresholds.ts';
import type { RunSnapshot } from '../audit/strict.ts';
import type { Gate, GateAssertion } from '../gates/gate.ts';
import { resultsOf, type TestResult } from '../pytest/test-result.ts';
import { isDocsStage } from '../stages/stage.ts';
import { acceptedValues } from '../statistics/worst-of-n.ts';
import {
  type EvidenceDocument,
  type EvidenceFinding,
  type EvidenceVerdict,
  type GateEvidence,
  overallVerdict,
  type RepeatEvidence,
} from './gate-evidence.ts';
import { comparedValue, predictOutcome } from './predict-outcome.ts';
import { describeUnitGap, unitGap } from './unit-gap.ts';

const mostFindings = 1000;

export interface EvidenceOptions {
  snapshot: RunSnapshot;
  gitSha: string | null;
  /** The gates at the session's commit. */
  gates: readonly Gate[];
  /** pytest's record of the launch that a repeat's values are from; empty where there is none. */
  testsOf: (stage: string, repeat: number) => readonly TestResult[];
  /** Whether the observer of a smoke saw this assertion compare with this threshold. */
  wasSeen?: (assertion: GateAssertion) => boolean;
}

/** Holds what the rules of a session's gates predict of each recorded value against what pytest said. */
export function checkEvidence(options: EvidenceOptions): EvidenceDocument {
  const { snapshot, gates, gitSha } = options;
  const byId = new Map(gates.map((gate) => [thresholdId(gate.stage, gate.metric), gate]));
  const checked = snapshot.stages
    .filter((stage) => !isDocsStage(stage))
    .flatMap((stage) =>
      Object.keys(stage.metrics).flatMap((metric) => {
        const gate = byId.get(thresholdId(stage.key, metric));
        const values = acceptedValues({ stage, metric, files: snapshot.cells[stage.key] ?? [] });
        return gate === undefined ? [] : [checkGate(gate, values, options)];
      }),
    );
  return {
    schema: 'calib.evidence/1',
    git_sha: gitSha,
    reason: null,
    gates: checked.map(({ evidence }) => evidence),
    findings: otherFailures(checked.flatMap(({ tests }) => tests)),
  };
}

/** One assertion held against one launch. */
interface TestSeen {
  test: string;
  repeat: number;
  predicted: 'pass' | 'fail' | null;
  failure: string | null;
}

interface CheckedGate {
  evidence: GateEvidence;
  tests: TestSeen[];
}

function checkGate(
  gate: Gate,
  values: readonly (number | null)[],
  { testsOf, wasSeen = () => false }: EvidenceOptions,
): CheckedGate {
  const { stage, metric, status, op, threshold, literal, assertions } = gate;
  const tests: TestSeen[] = [];
  const repeats = values.map((value, index): RepeatEvidence => {
    const repeat = index + 1;
    const results = testsOf(stage, repeat);
    const held = assertions.map((assertion) => holdAgainst({ assertion, value, results, wasSeen }));
    tests.push(
      ...held.map(({ assertion, predicted, failure }) => ({
        test: assertion.test,
        repeat,
        predicted,
        failure,
      })),
    );
    const verdict = overallVerdict(held.map((one) => one.verdict));
    const shown = held.find((one) => one.verdict === verdict);
    return {
      repeat,
      value,
      predicted: held.some((one) => one.predicted === 'fail') ? 'fail' : (shown?.predicted ?? null),
      outcome: shown?.outcome ?? 'absent',
      verdict,
      message: shown?.failure ?? null,
    };
  });
  const unit = suspectedUnit(gate, values);
  const tested = overallVerdict(repeats.map(({ verdict }) => verdict));
  const verdict = unit !== null && tested !== 'contradicted' ? 'unit_suspected' : tested;
  const at = assertions[0]?.at ?? null;
  const rule = { status, op, threshold, literal, at, test: assertions[0]?.test ?? null };
  const reason = reasonOf({ verdict, repeats, gate, unit });
  return { evidence: { stage, metric, verdict, reason, rule, repeats }, tests };
}

interface Held {
  assertion: GateAssertion;
  predicted: 'pass' | 'fail' | null;
  outcome: RepeatEvidence['outcome'];
  verdict: EvidenceVerdict;
  failure: string | null;
}

function holdAgainst(question: {
  assertion: GateAssertion;
  value: number | null;
  results: readonly TestResult[];
  wasSeen: (assertion: GateAssertion) => boolean;
}): Held {
  const { assertion, value, wasSeen } = question;
  const results = resultsOf(assertion.test, question.results);
  const predicted = value === null ? null : predictOutcome(value, assertion);
  const outcome = outcomeOf(results);
  const failed = results.find((result) => result.outcome === 'failed' || result.outcome === 'error');
  const isHere = results.some((result) => result.at?.some((place) => isSamePlace(place, assertion.at)));
  const failure = failed === undefined ? null : (failed.message ?? '');
  const verdict = verdictOf({ predicted, outcome, isHere, isCertain: assertion.when.length === 0 });
  const isConfirmed = verdict === 'consistent' && (isHere || wasSeen(assertion));
  return { assertion, predicted, outcome, verdict: isConfirmed ? 'confirmed' : verdict, failure };
}

/** Of a parametrized test whose rows ended differently: a failure counts, and a row that ran before one that did not. */
function outcomeOf(results: readonly TestResult[]): RepeatEvidence['outcome'] {
  const order = ['failed', 'error', 'passed', 'skipped'] as const;
  return order.find((outcome) => results.some((result) => result.outcome === outcome)) ?? 'absent';
}

/** pytest writes paths from its own root, which may lie above or below the repository's. */
function isSamePlace(seen: string, read: string): boolean {
  return seen === read || seen.endsWith(`/${read}`) || read.endsWith(`/${seen}`);
}

function verdictOf(held: {
  predicted: 'pass' | 'fail' | null;
  outcome: RepeatEvidence['outcome'];
  isHere: boolean;
  /** An assertion that counts for one row or branch alone says nothing where another one ran. */
  isCertain: boolean;
}): EvidenceVerdict {
  const { predicted, outcome, isHere, isCertain } = held;
  if (predicted === null || outcome === 'absent' || outcome === 'skipped') return 'not_tested';
  if (outcome === 'passed') {
    if (predicted === 'pass') return 'consistent';
    return isCertain ? 'contradicted' : 'not_tested';
  }
  // A set-up that failed ran no assertion.
  if (outcome === 'error') return 'not_reached';
  if (predicted === 'fail') return 'consistent';
  return isHere ? 'not_tested' : 'not_reached';
}

/** The factor between values and threshold, where every recorded value says the same one. */
function suspectedUnit(gate: Gate, values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  const [first] = gate.assertions;
  const gaps = known.map((value) => {
    const compared = first === undefined ? value : comparedValue(value, first.value_steps);
    const reference = first === undefined ? gate.literal : (first.centre ?? first.threshold);
    return compared === null || reference === null ? null : unitGap(compared, reference);
  });
  const [gap = null] = gaps;
  return gap !== null && gaps.every((other) => other === gap) ? gap : null;
}

function reasonOf(found: {
  verdict: EvidenceVerdict;
  repeats: readonly RepeatEvidence[];
  gate: Gate;
  unit: number | null;
}): string | null {
  const { verdict, repeats, gate, unit } = found;
  const one = repeats.find((repeat) => repeat.verdict === verdict);
  const at = gate.assertions[0]?.at ?? gate.place;
  switch (verdict) {
    case 'contradicted': {
      const hint = unit === null ? '' : `; the values are ${describeUnitGap(unit)} the threshold`;
      return `by the rule ${one?.value ?? '?'} fails ${gate.op ?? '?'} ${gate.threshold ?? '?'}, but the test passed in run ${one?.repeat ?? '?'} (${at}): unit, path, rule or literal is wrong${hint}`;
    }
    case 'unit_suspected':
      return `the values are ${describeUnitGap(unit ?? 1)} ${gate.threshold ?? gate.literal ?? '?'}: per cent or thousandths? (${at})`;
    case 'not_reached':
      return `the test failed elsewhere: ${one?.message ?? '?'}`.slice(0, 1000);
    case 'not_tested':
      return notTested(gate, repeats);
    case 'confirmed':
    case 'consistent':
      return null;
  }
}

function notTested(gate: Gate, repeats: readonly RepeatEvidence[]): string {
  if (gate.assertions.length === 0) return (gate.reason ?? `the gate is ${gate.status}`).slice(0, 1000);
  if (repeats.every(({ value }) => value === null)) return 'no value is recorded';
  if (repeats.every(({ outcome }) => outcome === 'absent'))
    return "pytest's outcome of its test is not recorded";
  if (repeats.some(({ outcome }) => outcome === 'skipped')) return 'its test was skipped';
  return 'what the rule predicts is not certain';
}

/** Tests that failed although every rule of theirs said pass. */
function otherFailures(seen: readonly TestSeen[]): EvidenceFinding[] {
  const byTest = new Map<string, TestSeen[]>();
  for (const one of seen) {
    const key = `${one.test}\0${one.repeat}`;
    byTest.set(key, [...(byTest.get(key) ?? []), one]);
  }
  return [...byTest.values()]
    .flatMap((of): EvidenceFinding[] => {
      const [first] = of;
      const isOther = of.every(({ predicted }) => predicted === 'pass');
      return first === undefined || first.failure === null || !isOther
        ? []
        : [
            {
              kind: 'failed_for_another_reason',
              test: first.test,
              repeat: first.repeat,
              message: first.failure,
            },
          ];
    })
    .slice(0, mostFindings);
}
