import { choiceOf } from '../../domain/discovery/candidates/conditional-value.ts';
import type { Assignment } from '../../domain/discovery/source-facts.ts';
import { countEach } from '../../domain/places/count-each.ts';
import {
  findLiteral,
  unknownLiteral,
  type FoundLiteral,
  type NameValue,
  type UnknownLiteral,
} from '../../domain/places/find-literal.ts';
import { formatPlace } from '../../domain/places/format-place.ts';
import { listLiterals, maxLiterals, type PlacedLiteral } from '../../domain/places/list-literals.ts';
import type { LiteralTree } from '../../domain/places/literal-tree.ts';
import type { Place, PlaceRoot } from '../../domain/places/place.ts';
import { nameFields, readClasses, type ClassMembers } from './class-members.ts';
import { readAssignments } from '../constants.ts';
import type { PythonModule } from '../parse-module.ts';
import { settledKey } from '../constant-value.ts';
import type { TestPlace } from './test-place.ts';
import { readTestPlaces } from './test-places.ts';

/** Everything that places of a module are looked up in; one reading serves any number of them. */
export interface ModulePlaces {
  /** Every binding of every name that the module assigns, source order. */
  assignments: Assignment[];
  bindings: Map<string, Assignment[]>;
  classes: Map<string, ClassMembers>;
  tests: TestPlace[];
  nameValue: NameValue;
  /** Why no place of the file can be relied on; null when they can. */
  obstacle: string | null;
}

export function readModulePlaces(module: PythonModule): ModulePlaces {
  const assignments = readAssignments(module, 'assigned');
  const bindings = new Map<string, Assignment[]>();
  for (const assignment of assignments) {
    const known = bindings.get(assignment.name);
    if (known === undefined) {
      bindings.set(assignment.name, [assignment]);
    } else {
      known.push(assignment);
    }
  }
  const bare = /\r(?!\n)/.exec(module.source);
  return {
    assignments,
    bindings,
    classes: readClasses(module),
    tests: readTestPlaces(module),
    nameValue: (name) => settledKey(bindings.get(name) ?? [], name),
    // Python ends a line there, even a comment; the parser used here does not.
    obstacle:
      bare === null
        ? null
        : `line ${lineAt(module.source, bare.index)} has a carriage return without a line feed`,
  };
}

function lineAt(source: string, index: number): number {
  return source.slice(0, index).split(/\r?\n/).length;
}

/** The value that a place begins with, or why none is certain. */
export type RootTree = { kind: 'tree'; tree: LiteralTree; name: string } | UnknownLiteral;

/** Finds the value that a place begins with: of a name after the module has run, or inside a test. */
export function rootTree(places: ModulePlaces, root: PlaceRoot): RootTree {
  if (root.kind === 'name') {
    return namedTree(places, root.name);
  }
  const name = formatPlace({ file: null, root, steps: [] });
  const matches = places.tests.filter(
    (test) => formatPlace({ file: null, root: test.root, steps: [] }) === name || test.aliases.includes(name),
  );
  const [match, second] = matches;
  if (match === undefined) {
    return unknownLiteral(`${name} is not in the file${nearRows(places, root)}`, null);
  }
  return second === undefined
    ? { kind: 'tree', tree: nameFields(match.tree, places.classes), name }
    : unknownLiteral(`${name} is written in ${matches.length} places`, second.tree);
}

/** The rows or calls of the same test, for a person who has misspelt one. */
function nearRows({ tests }: ModulePlaces, root: PlaceRoot): string {
  const same = tests.filter(
    (one) => root.kind !== 'name' && root.kind !== 'document' && one.root.test === root.test,
  );
  const spelt = same.slice(0, 8).map((one) => formatPlace({ file: null, root: one.root, steps: [] }));
  return spelt.length === 0 ? '' : `; the test has ${[...new Set(spelt)].join(', ')}`;
}

/** Forms of assignment after which a symbol's value is not certain. */
const obstacles: Readonly<Partial<Record<Assignment['form'], string>>> = {
  tuple: 'is assigned as part of a tuple',
  augmented: 'is changed by an augmented assignment',
  item: 'has an item assigned after its definition',
  conditional: 'is assigned conditionally',
  walrus: 'is assigned inside an expression',
  imported: 'is imported from another module',
  deleted: 'is deleted after its definition',
  global: 'is set by a function that declares it global',
  rebound: 'is bound again by a loop, a with statement, an except clause or a definition',
};

function namedTree(places: ModulePlaces, name: string): RootTree {
  const bindings = places.bindings.get(name) ?? [];
  const last = bindings.at(-1);
  const members = places.classes.get(name);
  if (last === undefined) {
    return members === undefined
      ? unknownLiteral(`${name} is not assigned at module level`, null)
      : { kind: 'tree', tree: nameFields(members.tree, places.classes), name };
  }
  const choice = last.form === 'conditional' ? choiceOf(bindings) : null;
  const obstacle = choice === null ? obstacles[last.form] : undefined;
  if (obstacle !== undefined) {
    return unknownLiteral(`${name} ${obstacle}`, last.target);
  }
  return { kind: 'tree', tree: nameFields(choice ?? last.value, places.classes), name };
}

/** Finds the number at a place of a module, exactly as it is spelt. */
export function findPlaced(places: ModulePlaces, place: Place): FoundLiteral | UnknownLiteral {
  if (places.obstacle !== null) {
    return unknownLiteral(places.obstacle, null);
  }
  const root = rootTree(places, place.root);
  return root.kind === 'unknown'
    ? root
    : findLiteral({ tree: root.tree, name: root.name, steps: place.steps, nameValue: places.nameValue });
}

/** Every literal of a module that a place leads to, source order. */
export function listPlaced(places: ModulePlaces): PlacedLiteral[] {
  const found: PlacedLiteral[] = [];
  const add = (
    root: PlaceRoot,
    tree: LiteralTree,
    { obstacle, aliases = [] }: { obstacle: string | null; aliases?: readonly string[] },
  ): void => {
    const place: Place = { file: null, root, steps: [] };
    const { nameValue, classes } = places;
    const name = root.kind === 'name' ? root.name : rootTest(root);
    const why = places.obstacle ?? obstacle;
    if (found.length < maxLiterals) {
      const listing = { tree: nameFields(tree, classes), place, root: name, obstacle: why, nameValue };
      found.push(...listLiterals(listing).map((literal) => withAliases(literal, place, aliases)));
    }
  };
  for (const name of new Set([...places.bindings.keys(), ...places.classes.keys()])) {
    const root = namedTree(places, name);
    const tree = root.kind === 'tree' ? root.tree : valueInDoubt(places, name);
    if (tree !== null) {
      add({ kind: 'name', name }, tree, { obstacle: root.kind === 'tree' ? null : root.reason });
    }
  }
  const spelt = places.tests.map(({ root }) => formatPlace({ file: null, root, steps: [] }));
  const counts = countEach(spelt);
  for (const [index, { root, tree, aliases }] of places.tests.entries()) {
    const isTwice = (counts.get(spelt[index] ?? '') ?? 0) > 1;
    add(root, tree, { obstacle: isTwice ? 'its row is written more than once' : null, aliases });
  }
  return found.sort((left, right) => left.line - right.line || left.column - right.column);
}

function withAliases(literal: PlacedLiteral, root: Place, aliases: readonly string[]): PlacedLiteral {
  const rest = literal.place.slice(formatPlace(root).length);
  return aliases.length === 0 ? literal : { ...literal, aliases: aliases.map((alias) => `${alias}${rest}`) };
}

/** What a name whose value is not certain holds all the same, so that its numbers are listed with the reason. */
function valueInDoubt(places: ModulePlaces, name: string): LiteralTree | null {
  const bindings = places.bindings.get(name) ?? [];
  const given = bindings.findLast(
    ({ form }) => form === 'plain' || form === 'annotated' || form === 'conditional',
  );
  return given?.value ?? places.classes.get(name)?.tree ?? null;
}

function rootTest(root: Exclude<PlaceRoot, { kind: 'name' }>): string {
  return root.kind === 'document' ? '' : root.test;
}
