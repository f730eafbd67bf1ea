import { CalibError } from '../calib-error.ts';
import type { StageDefinition } from './stage.ts';
import { renderStageBlock } from './stages-yaml.ts';

/** Equal in everything but the time of discovery, which alone is no reason to write a file (spec 02 §13). */
function isSameStage(left: StageDefinition, right: StageDefinition): boolean {
  return timeless(left) === timeless(right);
}

/** Unchanged stages keep the time at which they were first discovered to be so. */
export function keepDiscoveryTimes(
  discovered: readonly StageDefinition[],
  recorded: readonly StageDefinition[],
): StageDefinition[] {
  const byKey = new Map(recorded.map((stage) => [stage.key, stage]));
  return discovered.map((stage) => {
    const old = byKey.get(stage.key);
    return old !== undefined && isSameStage(old, stage)
      ? { ...stage, last_discovered_at: old.last_discovered_at }
      : stage;
  });
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
 * Puts one stage's block into the text of a `stages.yaml` and leaves every other byte alone (spec 02 §13, `--stage`). A
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
  const match = /^[^#\s]/m.exec(text);
  return match?.index ?? text.length;
}

function timeless(stage: StageDefinition): string {
  return renderStageBlock({ ...stage, last_discovered_at: '' });
}
