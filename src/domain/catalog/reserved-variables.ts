/** What calib sets itself for every launch: a unit that sets one of these would silently undo a rule (spec 05 §6, §12). */
const reservedInUnits: ReadonlySet<string> = new Set([
  'PATH',
  'PYTHONPATH',
  'PYTEST_ADDOPTS',
  'PYTHONUNBUFFERED',
  'CUDA_VISIBLE_DEVICES',
  'CUDA_DEVICE_ORDER',
  'SPT_NOENV',
]);

/**
 * The variables of a map that the catalog may not set.
 *
 * @param scope `auto_env` may extend `PATH` and the like, which calib puts its own part in front of; `extra_env` may not
 */
export function reservedVariables(
  variables: Readonly<Record<string, string>>,
  scope: 'auto_env' | 'extra_env',
): string[] {
  return Object.keys(variables).filter(
    (name) =>
      name.startsWith('CALIB_') ||
      (scope === 'extra_env' ? reservedInUnits.has(name) : name === 'PYTEST_ADDOPTS'),
  );
}
