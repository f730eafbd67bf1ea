import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, Scalar, type Pair } from 'yaml';

import { CalibError } from '../calib-error.ts';
import { stageBodySchema, type StageDefinition } from './stage.ts';

/** The keys whose plain scalars are numbers; all others are text even if they look like a number (a hash may). */
const numericKeys: ReadonlySet<string> = new Set(['gpus', 'expected_samples', 'scale', 'digits']);
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
    const parsed = stageBodySchema.safeParse(plainValue(pair.value, ''));
    if (parsed.success) {
      return [{ key, ...parsed.data }];
    }
    for (const issue of parsed.error.issues) {
      const where = [key, ...issue.path].map(String).join('.');
      const offset = offsetOf(pair, issue.path);
      problems.push(`${placeAt(offset)}: ${where}: ${issue.message}`);
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
