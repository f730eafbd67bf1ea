import { isAlias, isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument, Scalar } from 'yaml';

import { CalibError } from '../calib-error.ts';
import { issueText } from '../issue-text.ts';
import { identityPhrase, isIdentity, shown } from '../untrusted/cut-text.ts';
import { type JsonSource, stageBodySchema, type StageDefinition, type StageMetric } from './stage.ts';

/** First key of what calib writes: a run directory's stages, and a catalog's lock. The original's files have none. */
const stagesSchema = 'calib.stages/2';

/** The keys whose plain scalars are numbers; all others are text even if they look like a number (a hash may). */
const numericKeys: ReadonlySet<string> = new Set(['gpus', 'expected_samples', 'scale', 'digits']);
const booleanKeys: ReadonlySet<string> = new Set(['pending']);
const nullableKeys: ReadonlySet<string> = new Set(['json_file', 'json_path']);

/**
 * Reads `stages.yaml`, also one that the original wrote.
 *
 * @param path the file's name as shown in messages
 * @throws CalibError `invalid-input` with one line per problem: file, line, column, stage, key
 */
export function parseStagesYaml(text: string, path: string): StageDefinition[] {
  const lines = new LineCounter();
  const document = parseDocument(text.replace(/^\uFEFF/, ''), { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map(
      ({ pos, message }) => `${placeAt(pos[0])}: not valid YAML: ${message.split('\n')[0] ?? ''}`,
    );
    throw invalid(problems.join('\n'));
  }
  const root = document.contents;
  if (root === null) {
    return [];
  }
  if (!isMap(root)) {
    throw invalid(`${placeAt(root.range?.[0] ?? 0)}: found no map; valid: one block per stage`);
  }
  const problems: string[] = [];
  const stages = root.items.flatMap((pair) => {
    const key = isScalar(pair.key) ? scalarText(pair.key) : '';
    if (key === 'schema' && isScalar(pair.value)) {
      const found = scalarText(pair.value);
      if (found !== stagesSchema) {
        problems.push(
          `${placeAt(rangeStart(pair.value) ?? 0)}: schema: found ${found}; valid: ${stagesSchema}`,
        );
      }
      return [];
    }
    if (!isIdentity(key)) {
      problems.push(`${placeAt(rangeStart(pair.key) ?? 0)}: ${shown(key)}: must be ${identityPhrase}`);
      return [];
    }
    const parsed = stageBodySchema.safeParse(plainValue(pair.value, ''));
    if (parsed.success) {
      return [{ key, ...parsed.data }];
    }
    for (const issue of parsed.error.issues) {
      const where = [key, ...issue.path].map((part) => shown(String(part))).join('.');
      const offset = offsetOf(pair, issue.path);
      problems.push(`${placeAt(offset)}: ${where}: ${issueText(issue)}`);
    }
    return [];
  });
  if (problems.length > 0) {
    throw invalid(problems.join('\n'));
  }
  return stages;
}

/** Where the value at a path below a stage's key begins; the nearest part above it where there is none. */
function offsetOf(stage: Pair, path: readonly PropertyKey[]): number {
  let offset = (path.length === 0 ? rangeStart(stage.value) : undefined) ?? rangeStart(stage.key) ?? 0;
  let node: unknown = stage.value;
  for (const segment of path) {
    const pair = isMap(node)
      ? node.items.find(({ key }) => isScalar(key) && scalarText(key) === String(segment))
      : undefined;
    node = isSeq(node) ? node.items[Number(segment)] : pair?.value;
    offset = rangeStart(node) ?? rangeStart(pair?.key) ?? offset;
  }
  return offset;
}

function rangeStart(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}

/** The document as plain values, with scalars typed by the key they stand under. */
function plainValue(node: unknown, key: string): unknown {
  if (isMap(node)) {
    return Object.fromEntries(
      node.items.map((pair) => {
        const name = isScalar(pair.key) ? scalarText(pair.key) : '';
        return [name, plainValue(pair.value, name)];
      }),
    );
  }
  if (isSeq(node)) {
    return node.items.map((item) => plainValue(item, ''));
  }
  if (isScalar(node)) {
    return scalarValue(node, key);
  }
  return isAlias(node) ? undefined : null;
}

function scalarValue(node: Scalar, key: string): unknown {
  const isPlain = node.type === Scalar.PLAIN;
  const keepsType =
    (numericKeys.has(key) && typeof node.value === 'number') ||
    (booleanKeys.has(key) && typeof node.value === 'boolean') ||
    (nullableKeys.has(key) && node.value === null);
  return isPlain && keepsType ? node.value : scalarText(node);
}

function scalarText(node: Scalar): string {
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
}

function invalid(message: string): CalibError {
  return new CalibError('invalid-input', message, {
    remedy: 'the file is generated: run calib discover for this model to write it anew',
  });
}

/** First line of every generated `stages.yaml`. */
export const generatedHeader =
  '# Generated by calib discover from the test files and config.yaml; do not edit.';

/** Who wrote a `stages.yaml`: calib in this format, calib before it had one, or somebody else, as the original does. */
export function stagesFormat(text: string): 'current' | 'earlier' | 'foreign' {
  if (/^schema:/m.test(text)) return 'current';
  return text.replace(/^\uFEFF/, '').startsWith('# Generated by calib ') ? 'earlier' : 'foreign';
}

/**
 * What a reviewed lock holds of discovered stages: all but hashes and times, which belong to one version of the files.
 */
export function lockOf(stages: readonly StageDefinition[]): StageDefinition[] {
  return stages.map(({ threshold_file_sha256: _hash, ...stage }) => ({
    ...stage,
    test_file_sha256: '',
    last_discovered_at: '',
  }));
}

/**
 * Writes `stages.yaml`: field order, quoting and indentation of the original, which has no `schema`. Deterministic: equal
 * stages give equal bytes.
 *
 * @param header the comment lines at the top, each beginning with `#`
 */
export function renderStagesYaml(stages: readonly StageDefinition[], header = generatedHeader): string {
  const blocks = stages.map((stage) => `\n${renderStageBlock(stage)}`);
  return [`${header}\n`, `schema: ${stagesSchema}\n`, ...blocks].join('');
}

/** One block of `stages.yaml`, a final newline included. */
export function renderStageBlock(stage: StageDefinition): string {
  const lines = [
    keyPart('', stage.key),
    `  test: ${plain(stage.test)}`,
    `  title: ${quoted(stage.title)}`,
    `  group: ${plain(stage.group)}`,
    ...map('  extra_env', stage.extra_env),
    ...list('  context_vars', stage.context_vars.map(plain)),
    ...field('  variant', stage.variant, quoted),
    ...field('  calibration_preset', stage.calibration_preset, quoted),
    ...field('  gpus', stage.gpus, String),
    ...(stage.hf_model_ids === undefined ? [] : list('  hf_model_ids', stage.hf_model_ids.map(quoted))),
    ...field('  test_file_sha256', stage.test_file_sha256 || undefined, plain),
    ...field('  last_discovered_at', stage.last_discovered_at || undefined, plain),
    ...field('  expected_samples', stage.expected_samples, String),
    ...field('  threshold_file', stage.threshold_file, quoted),
    ...field('  threshold_file_sha256', stage.threshold_file_sha256, plain),
    ...statedBoolean('observation_validity', stage.observation_validity),
    ...statedBoolean('allowed_pytest_failure', stage.allowed_pytest_failure),
    ...sampleCounts(stage.sample_counts),
    ...metrics(stage.metrics),
  ];
  return `${lines.join('\n')}\n`;
}

function field<Value>(label: string, value: Value | undefined, write: (value: Value) => string): string[] {
  return value === undefined ? [] : [`${label}: ${write(value)}`];
}

function map(label: string, values: Record<string, string>): string[] {
  const entries = Object.entries(values);
  return entries.length === 0
    ? [`${label}: {}`]
    : [`${label}:`, ...entries.map(([key, value]) => `${keyPart('    ', key)} ${quoted(value)}`)];
}

function list(label: string, items: readonly string[]): string[] {
  return items.length === 0 ? [`${label}: []`] : [`${label}:`, ...items.map((item) => `    - ${item}`)];
}

function statedBoolean(label: string, source: JsonSource | undefined): string[] {
  return source === undefined ? [] : [`  ${label}:`, ...jsonSource(source, '    ')];
}

function sampleCounts(counts: StageDefinition['sample_counts']): string[] {
  return counts === undefined
    ? []
    : ['  sample_counts:', '    total:', ...jsonSource(counts.total), '    ok:', ...jsonSource(counts.ok)];
}

function jsonSource(source: JsonSource, indent = '      '): string[] {
  return [
    `${indent}json_file: ${source.json_file === null ? 'null' : quoted(source.json_file)}`,
    `${indent}json_path: ${source.json_path === null ? 'null' : quoted(source.json_path)}`,
  ];
}

function metrics(values: Record<string, StageMetric>): string[] {
  const entries = Object.entries(values);
  return entries.length === 0
    ? ['  metrics: {}']
    : ['  metrics:', ...entries.flatMap(([key, metric]) => [keyPart('    ', key), ...metricLines(metric)])];
}

function metricLines(metric: StageMetric): string[] {
  return [
    `      source: ${quoted(metric.source)}`,
    ...(metric.pending === true ? ['      pending: true'] : []),
    ...jsonSource(metric),
    `      worst: ${metric.worst}`,
    '      display:',
    `        label: ${quoted(metric.display.label)}`,
    `        scale: ${metric.display.scale}`,
    `        digits: ${metric.display.digits}`,
    `      status: ${metric.status}`,
  ];
}

/** Double quotes, `\` and `"` escaped; a line break, which no such line can hold, as YAML's `\n`. */
function quoted(value: string): string {
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  return `"${escaped.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}"`;
}

/** YAML's limit for a key with its colon on one line is 1,024 characters: a longer one is marked as a key. */
const longestPlainKey = 1000;

/** A key with its colon, behind which the value follows. */
function keyPart(indent: string, key: string): string {
  const text = plain(key);
  return text.length > longestPlainKey ? `${indent}? ${text}\n${indent}:` : `${indent}${text}:`;
}

/** Plain where YAML reads it back as the same text, quoted otherwise (a path with `#` or `: ` in it). */
function plain(value: string): string {
  const isSafe = /^[\p{L}\p{N}_./][\p{L}\p{N}_./:+@%=~()-]*$/u.test(value) && !value.endsWith(':');
  return isSafe ? value : quoted(value);
}
