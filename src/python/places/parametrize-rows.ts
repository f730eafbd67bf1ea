import type { SyntaxNode } from 'tree-sitter';

import { parsePythonNumber, pythonFloatText } from '../../domain/numbers/python-numbers.ts';
import { countEach } from '../../domain/places/count-each.ts';
import { formatPlace } from '../../domain/places/format-place.ts';
import type { PlaceRoot, RowName } from '../../domain/places/place.ts';
import { readTree } from '../constant-value.ts';
import { codeChildren, isNumeral, plainString, withoutParentheses } from '../expression.ts';
import type { PythonModule } from '../parse-module.ts';
import type { TestPlace } from './test-place.ts';

interface Row {
  index: number;
  values: SyntaxNode[];
  /** Given with `ids=` or `pytest.param(id=…)`. */
  explicitId: string | null;
  /** As pytest makes it of the values; null where a value has no id that can be told. */
  shownId: string | null;
  /** The same without the numbers, which a calibration changes. */
  stableId: string | null;
}

/**
 * The values of one `pytest.mark.parametrize(…)` whose rows are written out. A row is named by the id that the suite gives
 * it; without one by what pytest would show, numbers left out, so that writing a number does not rename its place; where
 * that is empty or not unique, by its number from 0.
 */
export function readParametrizedRows(question: {
  decorator: SyntaxNode;
  test: string;
  module: PythonModule;
}): TestPlace[] {
  const { decorator, test, module } = question;
  const call = decorator.namedChildren.find(({ type }) => type === 'call');
  if (call === undefined || !/(?:^|\.)parametrize$/.test(call.childForFieldName('function')?.text ?? '')) {
    return [];
  }
  const args = argumentsOf(call);
  const names = args.names === null ? null : argumentNames(args.names);
  const list = args.values;
  if (names === null || list === null || (list.type !== 'list' && list.type !== 'tuple')) {
    return [];
  }
  const ids = args.ids === null ? null : explicitIds(args.ids);
  const rows = codeChildren(list).map((node, index) =>
    readRow({ node, index, names, id: ids?.[index] ?? null }),
  );
  const nameOf = rowNaming(rows);
  // A function, a generator or a splat: what the ids are is decided when pytest collects.
  const isUnknown = args.ids !== null && ids === null;
  return rows.flatMap((row) => {
    if (row.values.length !== names.length) {
      return [];
    }
    const named = isUnknown ? { name: indexName(row), others: [] } : nameOf(row);
    return names.map((argument, at): TestPlace => {
      const value = row.values[at];
      const root = (name: RowName): TestPlace['root'] & PlaceRoot => ({
        kind: 'row',
        test,
        row: name,
        argument,
      });
      const spelt = (name: RowName) => formatPlace({ file: null, root: root(name), steps: [] });
      return {
        root: root(named.name),
        aliases: named.others.map(spelt),
        tree:
          value === undefined
            ? { kind: 'computed', text: '', keys: [], line: 1, column: 1 }
            : readTree(value, module),
      };
    });
  });
}

function argumentsOf(call: SyntaxNode) {
  const args = codeChildren(call.childForFieldName('arguments') ?? call);
  const positional = args.filter(({ type }) => type !== 'keyword_argument');
  const keyword = (name: string): SyntaxNode | null =>
    args
      .find(
        (argument) =>
          argument.childForFieldName('name')?.text === name && argument.type === 'keyword_argument',
      )
      ?.childForFieldName('value') ?? null;
  const inner = (node: SyntaxNode | null): SyntaxNode | null =>
    node === null ? null : withoutParentheses(node);
  return {
    names: inner(positional[0] ?? keyword('argnames')),
    values: inner(positional[1] ?? keyword('argvalues')),
    ids: inner(positional[3] ?? keyword('ids')),
  };
}

function argumentNames(node: SyntaxNode): string[] | null {
  const text = plainString(node);
  if (text !== null) {
    return text
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
  }
  const names = node.type === 'list' || node.type === 'tuple' ? codeChildren(node).map(plainString) : [null];
  return names.every((name) => name !== null) ? names : null;
}

/** One entry a row, null where pytest makes the id itself; null for anything but a written list of texts. */
function explicitIds(node: SyntaxNode): (string | null)[] | null {
  if (node.type !== 'list' && node.type !== 'tuple') {
    return node.type === 'none' ? [] : null;
  }
  const items = codeChildren(node);
  const isWritten = items.every(
    (item) => plainString(item) !== null || item.type === 'none' || isNumeral(item),
  );
  return isWritten
    ? items.map((item) => (item.type === 'none' ? null : (plainString(item) ?? valueId(item))))
    : null;
}

function readRow(row: { node: SyntaxNode; index: number; names: readonly string[]; id: string | null }): Row {
  const { index, names } = row;
  const node = withoutParentheses(row.node);
  const isParam =
    node.type === 'call' && /^(?:pytest\.)?param$/.test(node.childForFieldName('function')?.text ?? '');
  const parts = isParam ? codeChildren(node.childForFieldName('arguments') ?? node) : null;
  const own = parts?.find(
    (part) => part.type === 'keyword_argument' && part.childForFieldName('name')?.text === 'id',
  );
  const given = parts?.filter(({ type }) => type !== 'keyword_argument') ?? null;
  const isList = node.type === 'tuple' || node.type === 'list';
  const values = given ?? (names.length === 1 ? [node] : isList ? codeChildren(node) : []);
  const idNode = own?.childForFieldName('value') ?? null;
  const ownId = idNode === null ? null : plainString(idNode);
  const ids = values.map((value) => valueId(withoutParentheses(value)));
  const stable = values.map((value, at) => (isNumeral(withoutParentheses(value)) ? '' : (ids[at] ?? null)));
  const shownId = ids.every((id) => id !== null) ? ids.join('-') : null;
  const stableId = stable.every((id) => id !== null) ? stable.filter((id) => id !== '').join('-') : null;
  return { index, values, explicitId: ownId ?? row.id, shownId, stableId };
}

/** What pytest shows for a value; null where that depends on a run. */
function valueId(node: SyntaxNode): string | null {
  if (isNumeral(node)) {
    const number = parsePythonNumber(node.text);
    return number === null ? null : number.isInteger ? String(number.value) : pythonFloatText(number.value);
  }
  if (node.type === 'true' || node.type === 'false' || node.type === 'none') {
    return node.text;
  }
  const text = plainString(node);
  return text !== null && /^[ -~]+$/.test(text) ? text : null;
}

/** How each row of a list is named. The ids are counted once: a table may have thousands of rows. */
function rowNaming(rows: readonly Row[]): (row: Row) => { name: RowName; others: RowName[] } {
  const shown = (one: Row) => one.explicitId ?? one.shownId;
  const stable = (one: Row) => one.explicitId ?? one.stableId;
  const countIds = (pick: typeof shown) => countEach(rows.map((one) => pick(one) ?? ''));
  const [shownIds, stableIds] = [countIds(shown), countIds(stable)];
  const isUnique = (id: string | null, counts: ReadonlyMap<string, number>): boolean =>
    id !== null && id !== '' && counts.get(id) === 1;
  return (row) => {
    const names: RowName[] = [
      ...(isUnique(stable(row), stableIds) ? [idName(stable(row))] : []),
      indexName(row),
      ...(isUnique(shown(row), shownIds) && shown(row) !== stable(row) ? [idName(shown(row))] : []),
    ];
    const [name = indexName(row), ...others] = names;
    return { name, others };
  };
}

function indexName({ index }: Row): RowName {
  return { kind: 'index', index };
}

function idName(id: string | null): RowName {
  return { kind: 'id', id: id ?? '' };
}
