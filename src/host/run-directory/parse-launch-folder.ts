/** Repeat and attempt of a launch's folder by its name, `run<k>.attempt<a>` (`runPaths.launch`); null for another name. */
export function parseLaunchFolder(name: string): { repeat: number; attempt: number } | null {
  const [, repeat, attempt] = /^run(\d+)\.attempt(\d+)$/.exec(name) ?? [];
  return repeat === undefined ? null : { repeat: Number(repeat), attempt: Number(attempt) };
}
