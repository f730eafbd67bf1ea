/** The part of a recordable environment that decides numbers, and the part that only says where things lie. */
export interface SplitVariables {
  variables: Record<string, string>;
  places: Record<string, string>;
}

/**
 * Which variables belong to identity (spec 07 §5.3 "the allow-listed environment without paths"): those of the catalog,
 * and the driver's own, but for which GPUs a container was given. A path or an address differs between hosts that
 * measure the same; language and terminal differ between a shell and a service.
 *
 * @param recordable an environment without secrets
 */
export function splitVariables(
  recordable: Readonly<Record<string, string>>,
  catalogNames: Iterable<string>,
): SplitVariables {
  const catalog = new Set(catalogNames);
  const decides = ([name, value]: [string, string]): boolean =>
    (catalog.has(name) || isDriverVariable(name)) && !isPlace(value);
  const entries = Object.entries(recordable);
  return {
    variables: Object.fromEntries(entries.filter(decides)),
    places: Object.fromEntries(entries.filter((entry) => !decides(entry))),
  };
}

function isDriverVariable(name: string): boolean {
  return name.startsWith('NVIDIA_') && name !== 'NVIDIA_VISIBLE_DEVICES';
}

/** A path, a list of paths, or a URL. */
function isPlace(value: string): boolean {
  return value.split(':').some((part) => /^[/~]|^\.{1,2}\//.test(part));
}
