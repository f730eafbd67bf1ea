import type { MetricEntry, RiskDocument } from '../domain/risk/risk-document.ts';
import { type RiskClass, riskClasses } from '../domain/risk/risk-class.ts';

/** What a person reads of one metric's risk; plain text, for a terminal, Markdown and HTML alike. */
export interface RiskRow {
  /** `STAGE.METRIC`. */
  id: string;
  label: string;
  class: RiskClass | null;
  /** The worst of the runs, displayed. */
  worst: string;
  /** When CI fails, now and after an apply. */
  failsWhen: string;
  /** How often CI fails at an unchanged commit. */
  falseFail: string;
  /** The smallest worsening that is caught with 80 %. */
  catches: string;
  /** Class and what to do about it. */
  verdict: string;
}

export interface RiskTexts {
  /** Sentences on the whole session. */
  summary: string[];
  /** What a person should look at, worst first. */
  shown: RiskRow[];
  /** `ok` and `constant` gates. */
  folded: RiskRow[];
  foldedTitle: string;
  columns: readonly string[];
  /** What the words mean and how far the numbers reach. */
  notes: string[];
}

/** A risk document in words for people who know CI and no statistics. */
export function riskTexts(document: RiskDocument): RiskTexts {
  const rows = document.metrics.map((entry) => rowOf(entry, document));
  const ordered = rows.toSorted((left, right) => rank(left.class) - rank(right.class));
  const folded = ordered.filter((row) => row.class === 'ok' || row.class === 'constant');
  const count = (name: RiskClass): number => rows.filter((row) => row.class === name).length;
  return {
    summary: summaryOf(document, count),
    shown: ordered.filter((row) => !folded.includes(row)),
    folded,
    foldedTitle: `${folded.length} ${folded.length === 1 ? 'gate' : 'gates'} without worry: ${count('ok')} ok, ${count('constant')} constant`,
    columns: [
      'Gate',
      `Worst of ${document.repeats}`,
      'CI fails when',
      'Fails unchanged code',
      'Catches (8 times in 10)',
      'Verdict',
    ],
    notes: notesOf(document),
  };
}

function rank(name: RiskClass | null): number {
  return name === null ? riskClasses.indexOf('thin') - 0.5 : riskClasses.indexOf(name);
}

function rowOf(entry: MetricEntry, { session }: RiskDocument): RiskRow {
  return {
    id: `${entry.stage}.${entry.metric}`,
    label: entry.label,
    class: entry.class,
    worst: shown(entry.worst, entry),
    failsWhen: failsWhen(entry),
    falseFail: falseFail(entry),
    catches: catches(entry, session.attempts),
    verdict: verdict(entry),
  };
}

/** Five digits, in the unit of the label. */
function shown(value: number | null, { display_scale: scale }: MetricEntry): string {
  return value === null ? '?' : `${Number((value * scale).toPrecision(5))}`;
}

/** The assertion turned round: what makes it fail. */
const failing = { '>': '≤', '>=': '<', '<': '≥', '<=': '>', within: 'outside' } as const;

function failsWhen(entry: MetricEntry): string {
  if (entry.gate_after === null || entry.op === null) return 'not known';
  const after = `${failing[entry.op]} ${shown(entry.gate_after, entry)}`;
  const before = entry.gate === null ? null : shown(entry.gate, entry);
  const now = before === null || before === shown(entry.gate_after, entry) ? '' : ` (now ${before})`;
  return `${after}${now}`;
}

function falseFail(entry: MetricEntry): string {
  const { p, p_upper: upper, no_spread: noSpread } = entry;
  if (entry.gate_after === null) return '?';
  if (noSpread !== null && (p === null || p === 0)) {
    return `at most ${oneIn(noSpread.p_at_most)} expected; up to ${percent(noSpread.upper_bound)} possible`;
  }
  if (p === null) return '?';
  const bound = upper === null || upper >= 1 ? '' : ` (at worst ${oneIn(upper)})`;
  return `${oneIn(p)}${bound}`;
}

/** `1 in 66 passes`; never "0 %". */
export function oneIn(share: number): string {
  if (share > 0.95) return 'every time';
  if (share > 0.2) return `${Math.round(share * 10)} in 10`;
  if (share < 1e-4) return 'less than 1 in 10,000';
  const passes = 1 / share;
  return `1 in ${passes < 10 ? Number(passes.toFixed(1)) : Math.round(passes).toLocaleString('en-US')}`;
}

function catches(entry: MetricEntry, attempts: number): string {
  const { regression_80: one, regression_80_attempts: several, flips_to_fail: flips } = entry;
  if (flips === 0) return 'fails its own runs already';
  const text = one === null ? null : worsening(one, entry);
  const more =
    attempts === 1 || several === null ? '' : `; ${worsening(several, entry)} in ${attempts} attempts`;
  const items = flips === null ? null : `${flips} more ${flips === 1 ? 'item' : 'items'} wrong`;
  if (text === null) return items === null ? 'not known' : `CI fails at ${items}`;
  return items === null ? `${text}${more}` : `${text}${more} (fails at ${items})`;
}

function worsening(size: number, entry: MetricEntry): string {
  const isDrop = entry.worst_is === 'min';
  const word = isDrop ? 'lower' : 'higher';
  if (size <= 0) return 'any change';
  if (entry.scale === 'raw') return `${Number((size * entry.display_scale).toPrecision(2))} ${word}`;
  return `${percent(isDrop ? 1 - 1 / (1 + size) : size)} ${word}`;
}

function percent(share: number): string {
  const value = share * 100;
  return value < 0.1 ? 'less than 0.1 %' : `${Number(value.toPrecision(value < 10 ? 2 : 3))} %`;
}

const meaning: Readonly<Record<RiskClass, string>> = {
  coin: 'coin: fails unchanged code too often',
  blind: 'blind: misses large regressions',
  unresolved: 'unresolved',
  thin: 'thin: fine alone, too often for the whole suite',
  ok: 'ok',
  constant: 'constant: every run the same, with room',
};

function verdict(entry: MetricEntry): string {
  const { class: name, gate_note: note } = entry;
  if (name === null) return `no gate known: ${note ?? 'not read'}`;
  const why = name === 'unresolved' ? unresolved(entry) : '';
  const remedy = name === 'coin' || name === 'thin' ? remedyOf(entry) : '';
  return [
    `${meaning[name]}${why}`,
    ...(remedy === '' ? [] : [remedy]),
    ...(note === null ? [] : [`gate ${note}`]),
  ].join('; ');
}

function unresolved({ flips_to_fail: flips, no_spread: noSpread }: MetricEntry): string {
  if (flips === 1) return ': one more wrong item fails CI';
  return noSpread === null ? '' : `: ${noSpread.reason}`;
}

function remedyOf(entry: MetricEntry): string {
  const { flips_to_fail: flips, recommended, slack_percent: slack, p } = entry;
  if (p !== null && p >= 1 && flips === 0) return 'the written value fails its own runs';
  const parts = [
    ...(recommended.slack_percent === null || recommended.slack_percent <= (slack ?? 0)
      ? []
      : [`${percent(recommended.slack_percent / 100)} slack`]),
    ...(recommended.n === null || recommended.n <= entry.n ? [] : [`${recommended.n} repeats`]),
  ];
  return parts.length === 0 ? '' : `would be fine with ${parts.join(' or ')}`;
}

function summaryOf(document: RiskDocument, count: (name: RiskClass) => number): string[] {
  const { metrics, session, gates_unknown: unknown } = document;
  if (unknown !== null) {
    return [`The gates of these ${metrics.length} metrics are not known: ${unknown}.`];
  }
  const worries = (['coin', 'blind', 'unresolved'] as const)
    .map((name) => `${count(name)} ${name}`)
    .join(', ');
  return [
    `${metrics.length} gates: ${worries}, ${count('thin')} thin, ${count('ok')} ok, ${count('constant')} constant.`,
    ...passSentence(document),
    ...holdOutSentence(session),
  ];
}

function passSentence({ session, metrics }: RiskDocument): string[] {
  const { attempts, p_any: any, left_out: leftOut } = session;
  if (any === null) return [];
  const retries = attempts === 1 ? '' : `, with ${attempts} attempts a file at best`;
  const rest =
    leftOut === 0 ? '' : ` ${leftOut} of ${metrics.length} gates have no such number and are not in it.`;
  return [
    `CI will fail unchanged code in about ${oneIn(any)} passes${retries} (less where metrics move together).${rest}`,
  ];
}

function holdOutSentence({ holdout }: RiskDocument['session']): string[] {
  if (holdout === null) return [];
  const [low, high] = holdout.interval;
  const range = `between ${Math.max(1, Math.round(low * 100))} % and ${Math.round(high * 100)} % in the long run`;
  const least = low < 0.01 ? `up to ${Math.round(high * 100)} % in the long run` : range;
  return [
    `Tried out: ${holdout.failed} of ${holdout.of} runs would have failed CI, had the literals been written from the ` +
      `other ${holdout.of - 1} runs (${least}).`,
  ];
}

function notesOf({ session }: RiskDocument): string[] {
  return [
    '"Fails unchanged code" is the chance that one CI attempt fails although nothing got worse; "at worst" is its 95 % upper bound. ' +
      '"Catches" is the smallest worsening that CI notices 8 times in 10.',
    'The numbers hold for runs like these: this commit, this host, this lane, one session. What differs from host to host and day to day is not in them.' +
      (session.attempts > 1 ? ' Attempts share a host, so more of them help less than computed.' : ''),
    'They are advice: what is written stays the worst of the runs.',
  ];
}
