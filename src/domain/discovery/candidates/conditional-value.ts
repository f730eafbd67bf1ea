import type { ChoiceTree, LiteralTree } from '../../places/literal-tree.ts';
import { type Assignment, type AssignmentBranch, isConstant } from '../source-facts.ts';

/**
 * The value of a name that the branches of one `if` statement set, each at most once, perhaps over an earlier plain
 * assignment; null for any other mix of bindings.
 */
export function choiceOf(bindings: readonly Assignment[]): ChoiceTree | null {
  const plainAt = bindings.findLastIndex(isConstant);
  const conditional = bindings.slice(plainAt + 1);
  const [first] = conditional;
  const start = first?.branch?.statement;
  if (first === undefined || start === undefined) {
    return null;
  }
  const branches = conditional.map(({ branch, value }) => ({ branch, value }));
  const isOneStatement = branches.every(({ branch }) => branch?.statement === start);
  const paths = new Set(branches.map(({ branch }) => branch?.labels.join('@')));
  if (!isOneStatement || paths.size < branches.length) {
    return null;
  }
  const tree: ChoiceTree = { kind: 'choice', branches: [], ...first.target };
  const known = { choices: new Map([['', tree]]), values: new Set<string>() };
  for (const { branch, value } of branches) {
    if (branch === undefined || !insert(known, branch, value)) {
      return null;
    }
  }
  const before = bindings[plainAt];
  if (before !== undefined && !tree.branches.some(({ label }) => label === 'else')) {
    tree.branches.push({ label: 'else', condition: '', value: before.value });
  }
  return tree;
}

/** What stands in a choice so far, by its labels joined with `@`: an `if` statement may have thousands of branches. */
interface Known {
  choices: Map<string, ChoiceTree>;
  values: Set<string>;
}

/** @returns false where one branch both gives the value and holds a further condition for it */
function insert({ choices, values }: Known, branch: AssignmentBranch, value: LiteralTree): boolean {
  let path = '';
  let node = choices.get(path);
  for (const label of branch.labels.slice(0, -1)) {
    path += `@${label}`;
    if (values.has(path)) {
      return false;
    }
    let inner = choices.get(path);
    if (inner === undefined) {
      inner = { kind: 'choice', branches: [], line: value.line, column: value.column };
      node?.branches.push({ label, condition: '', value: inner });
      choices.set(path, inner);
    }
    node = inner;
  }
  const label = branch.labels.at(-1) ?? '';
  path += `@${label}`;
  if (choices.has(path) || values.has(path)) {
    return false;
  }
  node?.branches.push({ label, condition: branch.condition, value });
  values.add(path);
  return true;
}
