import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, Scalar } from 'yaml';

import { CalibError } from '../calib-error.ts';
import { stageBodySchema, type StageDefinition } from './stage.ts';

/** The keys whose plain scalars are numbers; all others are text even if they look like a number (a hash may). */
const numericKeys: ReadonlySet<string> = new Set(['gpus', 'expected_samples', 'scale', 'digits']);
const nullableKeys: ReadonlySet<string> = new Set(['json_file', 'json_path']);

/**
 * Reads `stages.yaml`, also one that the original wrote.
 *
 * @param path the file's name as shown in messages
 * @throws CalibError `invalid-input` naming file, line, stage and key
 */
export function parseStagesYaml(text: string, path: string): StageDefinition[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) {
    const at = lines.linePos(error.pos[0]);
    throw invalid(`${path}:${at.line}:${at.col}: not valid YAML: ${error.message.split('\n')[0] ?? ''}`);
  }
  const root = document.contents;
  if (root === null) {
    return [];
  }
  if (!isMap(root)) {
    throw invalid(`${path}: found no map; valid: one block per stage`);
  }
  return root.items.map((pair) => {
    const key = isScalar(pair.key) ? scalarText(pair.key) : '';
    const body = plainValue(pair.value, '');
    const parsed = stageBodySchema.safeParse(body);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const line = isScalar(pair.key) && pair.key.range ? `:${lines.linePos(pair.key.range[0]).line}` : '';
      const where = [key, ...(issue?.path ?? [])].map(String).join('.');
      throw invalid(`${path}${line}: ${where}: ${issue?.message ?? 'invalid'}`);
    }
    return { key, ...parsed.data };
  });
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
    remedy: 'The file is generated: run calib discover for this model to write it anew.',
  });
}
