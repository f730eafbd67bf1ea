/** Last segment of a slash-separated path: what the maps by test file of a model config are keyed by (spec 01 §3). */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
