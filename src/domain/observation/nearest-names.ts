import { editDistance } from '../catalog/edit-distance.ts';

/** Names shown as "nearest": enough to recognise a renamed key, few enough for one line. */
const mostShown = 5;

/** Names compared at most; a document may hold a key per sample. */
const mostCompared = 500;

/**
 * The existing names most like the wanted one, best first, at most five. All of them count as candidates, even unlike
 * ones: for somebody who fixes `stages.yaml` the list of what *is* there is the answer.
 */
export function nearestNames(wanted: string, existing: readonly string[]): string[] {
  return existing
    .slice(0, mostCompared)
    .map((name, index) => ({ name, index, distance: unlikeness(wanted, name) }))
    .sort((a, b) => a.distance - b.distance || a.index - b.index)
    .slice(0, mostShown)
    .map(({ name }) => name);
}

/** Edit distance, quartered where one name contains the other (`corpus_wer` and `wer` are kin). */
function unlikeness(wanted: string, name: string): number {
  const a = wanted.toLowerCase();
  const b = name.slice(0, 200).toLowerCase();
  const distance = editDistance(a, b);
  return a.includes(b) || b.includes(a) ? distance / 4 : distance;
}
