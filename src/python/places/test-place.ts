import type { LiteralTree } from '../../domain/places/literal-tree.ts';
import type { PlaceRoot } from '../../domain/places/place.ts';

/** A value in a test: of a row of `parametrize`, or of a keyword argument of a call. */
export interface TestPlace {
  root: Exclude<PlaceRoot, { kind: 'name' | 'document' }>;
  /** Other spellings of the same row: by its number, or by the id that pytest shows at present. */
  aliases: string[];
  tree: LiteralTree;
}
