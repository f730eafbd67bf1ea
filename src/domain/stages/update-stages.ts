import { CalibError } from '../calib-error.ts';
import type { StageDefinition } from './stage.ts';
import { renderStageBlock } from './stages-yaml.ts';

/**
 * What discovery would change in a `stages.yaml`, for people: per stage `+`, `-` or `~` with the lines that differ,
 * times of discovery left out. Empty when nothing would change.
 */
export function diffStages(
  recorded: readonly StageDefinition[],
  discovered: readonly StageDefinition[],
): string[] {
  const old = new Map(recorded.map((stage) => [stage.key, stage]));
  const now = new Map(discovered.map((stage) => [stage.key, stage]));
  const lines = [...now].flatMap(([key, stage]) => {
    const before = old.get(key);
    return before === undefined ? [`+ ${key} (new stage of ${stage.test})`] : changedLines(before, stage);
  });
  const removed = recorded
    .filter((stage) => !now.has(stage.key))
    .map((stage) => `- ${stage.key} (no longer discovered in ${stage.test})`);
  return [...lines, ...removed, ...orderLine(recorded, discovered)];
}

function changedLines(before: StageDefinition, after: StageDefinition): string[] {
  const [left, right] = [linesOf(before), linesOf(after)];
  const common = longestCommon(left, right);
  const removed = left.filter((_, index) => !common.left.has(index)).map((line) => `    - ${line.trim()}`);
  const added = right.filter((_, index) => !common.right.has(index)).map((line) => `    + ${line.trim()}`);
  return removed.length + added.length === 0 ? [] : [`~ ${after.key}`, ...removed, ...added];
}

/** A block's lines, each with the keys it stands under, so that equal lines of different metrics differ. */
function linesOf(stage: StageDefinition): string[] {
  const parents: string[] = [];
  return renderStageBlock(stage)
    .split('\n')
    .slice(1)
    .filter((line) => line.trim() !== '' && !line.startsWith('  last_discovered_at:'))
    .map((line) => {
      const depth = (line.length - line.trimStart().length) / 2 - 1;
      parents.length = depth;
      const text = line.trim();
      const path = parents.filter((parent) => parent !== undefined).join('.');
      parents[depth] = text.replace(/:.*$/, '');
      return path === '' ? text : `${path}.${text}`;
    });
}

function longestCommon(left: readonly string[], right: readonly string[]) {
  const rest: number[][] = Array.from({ length: left.length + 1 }, () =>
    Array.from({ length: right.length + 1 }, () => 0),
  );
  const at = (row: number, column: number) => rest[row]?.[column] ?? 0;
  for (let row = left.length - 1; row >= 0; row -= 1) {
    for (let column = right.length - 1; column >= 0; column -= 1) {
      const best =
        left[row] === right[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
      const line = rest[row];
      if (line !== undefined) {
        line[column] = best;
      }
    }
  }
  const common = { left: new Set<number>(), right: new Set<number>() };
  let [row, column] = [0, 0];
  while (row < left.length && column < right.length) {
    if (left[row] === right[column]) {
      common.left.add(row);
      common.right.add(column);
      row += 1;
      column += 1;
    } else if (at(row + 1, column) >= at(row, column + 1)) {
      row += 1;
    } else {
      column += 1;
    }
  }
  return common;
}

function orderLine(recorded: readonly StageDefinition[], discovered: readonly StageDefinition[]): string[] {
  const keys = (stages: readonly StageDefinition[], others: readonly StageDefinition[]) =>
    stages.map((stage) => stage.key).filter((key) => others.some((other) => other.key === key));
  const isSameOrder = keys(recorded, discovered).join('\n') === keys(discovered, recorded).join('\n');
  return isSameOrder ? [] : ['~ the order of the stages'];
}

/** Equal in everything but the time of discovery, which alone is no reason to write a file. */
function isSameStage(left: StageDefinition, right: StageDefinition): boolean {
  return timeless(left) === timeless(right);
}

/** Whether the same stages stand in the same order, times aside. */
export function areSameStages(left: readonly StageDefinition[], right: readonly StageDefinition[]): boolean {
  return (
    left.length === right.length &&
    left.every((stage, index) => {
      const other = right[index];
      return other !== undefined && stage.key === other.key && isSameStage(stage, other);
    })
  );
}

/**
 * Puts one stage's block into the text of a `stages.yaml` and leaves every other byte alone (`--stage`). A
 * stage that the file does not have yet goes behind the one that precedes it in discovery.
 *
 * @param update `text` is the file, `discovered` all stages in emission order
 * @throws CalibError `invalid-input` when no discovered stage has that key
 */
export function replaceStageBlock(update: {
  text: string;
  key: string;
  discovered: readonly StageDefinition[];
}): string {
  const { text, key, discovered } = update;
  const index = discovered.findIndex((stage) => stage.key === key);
  const stage = discovered[index];
  if (stage === undefined) {
    const known = discovered.map((one) => one.key).join(', ');
    throw new CalibError(
      'invalid-input',
      `--stage ${key}: found no such stage; valid: ${known || '(none)'}`,
      {
        remedy: 'give a stage key as calib stages-list prints it',
      },
    );
  }
  const block = renderStageBlock(stage);
  const own = blockRange(text, key);
  if (own !== null) {
    return `${text.slice(0, own.start)}${block}${text.slice(own.end)}`;
  }
  const earlier = discovered.slice(0, index).findLast((one) => blockRange(text, one.key) !== null);
  const at =
    earlier === undefined ? firstBlockStart(text) : (blockRange(text, earlier.key)?.end ?? text.length);
  const before = text.slice(0, at);
  const separator = before === '' || before.endsWith('\n') ? '' : '\n';
  return earlier === undefined
    ? `${before}${separator}${block}\n${text.slice(at)}`
    : `${before}${separator}\n${block}${text.slice(at)}`;
}

/** From the key's line to the end of its last indented line. */
function blockRange(text: string, key: string): { start: number; end: number } | null {
  const escaped = key.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const match = new RegExp(
    `^"?${escaped}"?:[ \\t]*\\r?\\n(?:(?:[ \\t]+[^\\n]*|\\r?)(?:\\n|$(?![\\s\\S])))*`,
    'm',
  ).exec(text);
  if (match === null) {
    return null;
  }
  const trimmed = match[0].replace(/\s+$/, '\n');
  return { start: match.index, end: match.index + Math.min(trimmed.length, match[0].length) };
}

function firstBlockStart(text: string): number {
  const match = /^(?!schema:)[^#\s]/m.exec(text);
  return match?.index ?? text.length;
}

function timeless(stage: StageDefinition): string {
  return renderStageBlock({ ...stage, last_discovered_at: '' });
}
