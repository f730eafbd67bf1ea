import { formatPlace } from '../../places/format-place.ts';
import { parsePlace } from '../../places/parse-place.ts';

/**
 * Names that a config lists as ignored or fixed: a whole constant (`_X_P95`), or one key of a speed dict
 * (`_X_P95['rtf_mean']`), as messages and `stages.yaml` spell it.
 */
export interface ListedConstants {
  /** Whether the constant is listed as a whole. */
  hasSymbol(name: string): boolean;
  /** Whether exactly this source, or the constant it belongs to, is listed. */
  hasSource(source: string): boolean;
  /** The entries as given, with the constant each is about. */
  entries: { entry: string; symbol: string }[];
}

export function listedConstants(listed: readonly string[] | undefined): ListedConstants {
  const entries = (listed ?? []).map((entry) => ({ entry, ...splitEntry(entry) }));
  const sources = new Set(entries.map(({ source }) => source));
  return {
    hasSymbol: (name) => sources.has(name),
    // Nothing is listed in most files, of which each place would be parsed.
    hasSource: (source) =>
      sources.size > 0 && (sources.has(source) || sources.has(splitEntry(source).symbol)),
    entries: entries.map(({ entry, symbol }) => ({ entry, symbol })),
  };
}

function splitEntry(entry: string): { symbol: string; source: string } {
  const place = parsePlace(entry.trim());
  if (place === null) {
    return { symbol: entry.trim(), source: entry.trim() };
  }
  const symbol = place.root.kind === 'name' ? place.root.name : formatPlace(place);
  return { symbol, source: formatPlace(place) };
}
