import { baseName } from '../catalog/names.ts';
import type { HaltCause } from '../session/session-state.ts';
import type { StageDefinition } from '../stages/stage.ts';
import type { ExtractionProblem } from './extract-metrics.ts';
import { countKey } from './extract-metrics.ts';

/** A test of the launch that was skipped, and why. */
export interface SkippedTest {
  name: string;
  reason: string;
}

/** What is known about the launch that halted a session. */
export interface HaltFacts {
  /** The stage of the cause; absent where it is about the whole launch. */
  stage?: StageDefinition | undefined;
  /** Why its value could not be read; absent where it was read. */
  problem?: ExtractionProblem | undefined;
  /** Whether any stage of the unit found a result file. */
  hasResults: boolean;
  skipped: readonly SkippedTest[];
  /** The last lines of the launch's log, harmless for a terminal. */
  logTail: readonly string[];
  /** Absolute path of that log. */
  log: string;
  session: { id: string; model: string; repoRoot: string; catalogDir: string | undefined };
}

const mostSkipped = 3;
const mostNearest = 5;
/** A cause travels through the session's history and stands in every view of it. */
const longestText = 900;

/**
 * A halt's cause with what a person needs to end it: the key of the config that it is about, what was found instead, the
 * reason for which tests were skipped, the end of the log where nothing was measured, and the commands in their order.
 */
export function explainHalt(cause: HaltCause, facts: HaltFacts): HaltCause {
  const { stage, problem, session } = facts;
  const key = stage === undefined ? undefined : configKey(stage, cause.key ?? '', problem);
  const found = problem === undefined ? undefined : foundInstead(problem);
  const skipped = problem === undefined ? [] : facts.skipped.slice(0, mostSkipped).map(skipText);
  // A launch that pytest itself gave up may have left results; they say nothing about why.
  const logTail = facts.hasResults && stage !== undefined ? [] : [...facts.logTail];
  const wasSkipped = skipped.length > 0;
  const parts = [
    ...(wasSkipped ? [`skipped: ${skipped.join('; ')}`] : []),
    ...(found === undefined || wasSkipped ? [] : [found]),
    ...(key === undefined || wasSkipped ? [] : [`config key ${key}`]),
    ...(logTail.length > 0 && !wasSkipped ? [`the log ends with "${telling(logTail)}"`] : []),
  ];
  return {
    ...cause,
    text: [cause.text, ...parts].join(' — ').slice(0, longestText),
    ...(key === undefined ? {} : { config_key: key }),
    ...(found === undefined ? {} : { found }),
    ...(wasSkipped ? { skipped } : {}),
    ...(logTail.length === 0 ? {} : { log_tail: logTail }),
    steps:
      wasSkipped || key === undefined
        ? stepsForLaunch(facts, wasSkipped)
        : stepsForConfig(session, key, problem?.kind === 'too_large'),
  };
}

/** pytest's own last line only counts; the one before it says more. */
function telling(lines: readonly string[]): string {
  return lines.findLast((line) => !/^[=_-]{3}/.test(line)) ?? lines.at(-1) ?? '';
}

function skipText({ name, reason }: SkippedTest): string {
  return `${name} (${reason})`;
}

/** The key of the model's config that says where the value is read. */
function configKey(stage: StageDefinition, key: string, problem: ExtractionProblem | undefined): string {
  const variant = stage.variant === undefined ? '' : `.variants.${stage.variant}`;
  const source = `metric_sources.${baseName(stage.test)}${variant}`;
  const count = (['total', 'ok'] as const).find((each) => countKey(each) === key);
  if (problem === undefined) return `${source}.expected_samples`;
  if (count !== undefined) return `${source}.sample_counts.${count}`;
  const file = `${source}.json_file (or the file before :: in ${source}.paths.${key})`;
  if (problem.kind === 'too_large') return `max_result_bytes, or where it is the wrong file ${file}`;
  return ['file_missing', 'outside', 'unreadable'].includes(problem.kind) ? file : `${source}.paths.${key}`;
}

function foundInstead({ kind, nearest }: ExtractionProblem): string | undefined {
  const what = kind === 'file_missing' ? 'result file' : 'key';
  if (nearest.length > 0) return `found instead: ${nearest.slice(0, mostNearest).join(', ')}`;
  return kind === 'file_missing' || kind === 'path_missing' ? `found instead: no ${what} at all` : undefined;
}

/** @param isLimit whether it may be a limit that a session reads when it is started or continued */
function stepsForConfig(session: HaltFacts['session'], key: string, isLimit: boolean): string[] {
  const { id, model, repoRoot, catalogDir } = session;
  const catalog = catalogDir === undefined ? '' : `--catalog ${catalogDir} `;
  const config = `${catalogDir === undefined ? '' : `${catalogDir}/`}models/${model}/config.yaml`;
  return [
    `edit ${config}   # ${key}`,
    `calib discover ${catalog}--repo-root ${repoRoot} --model ${model}`,
    `calib signal ${id} resume${isLimit ? '   # after another json_file; limits are read at a start:' : ''}`,
    ...(isLimit ? [`calib signal ${id} abort`, `calib start ${catalog}--resume ${id}`] : []),
  ];
}

function stepsForLaunch({ log, session }: HaltFacts, wasSkipped: boolean): string[] {
  return [
    wasSkipped
      ? 'give this machine what the skipped test asks for (a changed test is measured by a fresh session on a new commit)'
      : `less -R ${log}`,
    `calib signal ${session.id} resume`,
  ];
}

/** What a halt's cause says beyond its text, a line each, for logs and terminals. */
export function haltDetailLines(cause: HaltCause): string[] {
  const steps = (cause.steps ?? []).map((step, index) => `  ${index + 1}. ${step}`);
  return [
    ...(cause.config_key === undefined ? [] : [`  config key: ${cause.config_key}`]),
    ...(cause.found === undefined ? [] : [`  ${cause.found}`]),
    ...(cause.skipped ?? []).map((line) => `  skipped: ${line}`),
    ...(cause.log_tail === undefined
      ? []
      : ['  the log ends:', ...cause.log_tail.map((line) => `    | ${line}`)]),
    ...(steps.length === 0 ? [] : ['  to continue:', ...steps]),
  ];
}
