import { resolve } from 'node:path';

import { Option, type Command } from 'commander';

import { CalibError } from '../domain/calib-error.ts';
import type { EnvOption } from '../domain/catalog/env-option.ts';
import { type CompatibleVersion, compatibleVersions } from '../domain/metrics/substring-names.ts';
import type { HostDevice } from '../domain/discovery/candidates/device-row.ts';
import type { Catalog, LoadedModel } from '../host/catalog/open-catalog.ts';
import type { ResolvedHost, ResolvedRepoRoot, ResolvedVenv } from '../host/catalog/resolve.ts';
import type { StagesOfCommit } from '../host/discovery/stages-of-commit.ts';
import { note, warn } from './output.ts';

/** The models meant, the first that the catalog has, when `--model` is absent and there are several. */
const defaultModels = ['qwen3-omni-v1', 'omni'];

const sharedOptions = {
  catalog: () => [
    new Option(
      '--catalog <dir>',
      "folder with models/ and hosts/ (env: CALIB_CATALOG; default: the checkout's calib/ or .claude/skills/tune-ci-thresholds/, else the shipped one)",
    ),
  ],
  host: () => [
    new Option(
      '--host <name>',
      "host profile (default: the one with this machine's hostname; env: TUNE_HOST)",
    ),
    new Option('--no-host', 'use no host profile'),
  ],
  model: () => [
    new Option(
      '--model <name>',
      `model of the catalog (default: its only one, else ${defaultModels.join(' or ')})`,
    ),
  ],
  'repo-root': () => [new Option('--repo-root <dir>', 'checkout under calibration (env: TUNE_REPO_ROOT)')],
  'venv-python': () => [
    new Option('--venv-python <file>', 'interpreter that runs pytest (env: TUNE_VENV_PYTHON)'),
  ],
  env: () => [
    new Option(
      '--env <name[=value]>',
      'variable for every test; without a value it is taken from this shell and recorded nowhere (repeatable)',
    ).argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]),
  ],
  compat: () => [
    new Option(
      '--compat <version>',
      "read the names of constants as that version of the original tool did (also `compat` of the model's config)",
    ).choices([...compatibleVersions]),
  ],
  any: () => [
    new Option('--any', 'latest: the newest session of the whole namespace, not of this checkout alone'),
  ],
  json: () => [new Option('--json', 'answer with one JSON document')],
} as const;

export type SharedOptionName = keyof typeof sharedOptions;

/** Values of the shared options as given; absent ones are undefined. */
export interface SharedOptionValues {
  catalog?: string;
  /** `false` for `--no-host`. */
  host?: string | false;
  model?: string;
  repoRoot?: string;
  venvPython?: string;
  any?: boolean;
  compat?: CompatibleVersion;
  json?: boolean;
  /** `--env`, each as given. */
  env?: string[];
}

/**
 * Declares shared options on a command, so that its `--help` shows those it uses. The program declares all of them,
 * which is what makes them valid both before and after the subcommand; it also takes the values, so read them through
 * `createContext` or `sharedOptionValues`, never from `command.opts()`.
 */
export function addSharedOptions(command: Command, names: readonly SharedOptionName[]): Command {
  for (const option of names.flatMap((name) => sharedOptions[name]())) {
    command.addOption(option);
  }
  return command;
}

/** Every shared option, for the program itself. */
export const allSharedOptions = Object.keys(sharedOptions) as SharedOptionName[];

/** The shared options of an invocation, wherever on the command line they stood. */
export function sharedOptionValues(command: Command): SharedOptionValues {
  return command.optsWithGlobals<SharedOptionValues>();
}

/** What the shared options resolve to. Every part is resolved when first asked for, once, and its warnings printed. */
export interface CliContext {
  /** Whether `--json` was given. */
  json: boolean;
  /** Whether `latest` means the newest session of the whole namespace. */
  any: boolean;
  /** The same invocation with another model (chosen at a prompt, or recorded in a plan). */
  withModel: (model: string) => CliContext;
  /** The same invocation with the names read as a plan recorded it. */
  withCompat: (compat: CompatibleVersion) => CliContext;
  /** `--model`, or the default. @throws CalibError when none is given and the catalog has several */
  modelName: () => Promise<string>;
  /** True when `--model` was given. */
  modelGiven: boolean;
  /** What `--env` gives. */
  envOption: () => Promise<EnvOption>;
  catalog: () => Promise<Catalog>;
  /** The same without the line that says which: for answers about a run directory, whose text scripts read. */
  catalogUnsaid: () => Promise<Catalog>;
  model: () => Promise<LoadedModel>;
  host: () => Promise<ResolvedHost>;
  repoRoot: () => Promise<ResolvedRepoRoot>;
  venv: () => Promise<ResolvedVenv>;
  /** The device whose rows of tables by device count. */
  device: () => Promise<HostDevice>;
  /** The model's stages as they are in the checkout now. */
  stages: () => Promise<StagesOfCommit>;
  /** Prints `host: <name> (repo=<root>)` to stderr when a profile is active. */
  announceHost: () => Promise<void>;
}

function once<Value>(produce: () => Promise<Value>): () => Promise<Value> {
  let value: Promise<Value> | undefined;
  return () => (value ??= produce());
}

async function warned<Value extends { warnings: string[] }>(value: Promise<Value>): Promise<Value> {
  const resolved = await value;
  for (const warning of resolved.warnings) {
    warn(warning);
  }
  return resolved;
}

/** Resolvers beyond the catalog itself; precedence flag > environment > host > config > default. */
function createResolvers(
  options: SharedOptionValues,
  catalogs: Pick<CliContext, 'catalog' | 'catalogUnsaid'>,
  modelName: () => Promise<string>,
) {
  const cwd = process.cwd();
  const { env } = process;
  const model = once(async () => {
    const loaded = await warned((await catalogs.catalog()).loadModel(await modelName()));
    return options.compat === undefined
      ? loaded
      : { ...loaded, config: { ...loaded.config, compat: options.compat } };
  });
  const host = once(async () => {
    const { resolveHost } = await import('../host/catalog/resolve.ts');
    // A command that only looks for the checkout says nothing of the catalog that the host profile is from.
    return warned(resolveHost({ catalog: await catalogs.catalogUnsaid(), flag: options.host, env }));
  });
  const repoRoot = once(async () => {
    const { resolveRepoRoot } = await import('../host/catalog/resolve.ts');
    const active = (await host()).host;
    return warned(Promise.resolve(resolveRepoRoot({ flag: options.repoRoot, env, host: active, cwd })));
  });
  const venv = once(async () => {
    const { resolveVenv } = await import('../host/catalog/resolve.ts');
    const request = { flag: options.venvPython, env, host: (await host()).host, model: await model(), cwd };
    return warned(Promise.resolve(resolveVenv({ ...request, repoRoot: (await repoRoot()).path })));
  });
  const device = once(async () => {
    const { readHostDevice } = await import('../host/gpu/host-device.ts');
    const profile = (await host()).host?.profile ?? null;
    return await readHostDevice({ config: (await model()).config, profile });
  });
  const stages = once(async () => {
    const { stagesOfCommit } = await import('../host/discovery/stages-of-commit.ts');
    const { config } = await model();
    return await stagesOfCommit({ repoRoot: (await repoRoot()).path, config, device: await device() });
  });
  return { model, host, repoRoot, venv, device, stages };
}

/**
 * The context of a command's action.
 *
 * @param command the command whose action runs (commander passes it as the last argument)
 */
export function createContext(command: Command): CliContext {
  return contextOf(sharedOptionValues(command));
}

/** The checkout in which a catalog is looked for: that of a host profile is not known before its catalog is. */
async function openFoundCatalog(
  options: SharedOptionValues,
): Promise<{ catalog: Catalog; line: string | null }> {
  const { openCatalog } = await import('../host/catalog/open-catalog.ts');
  const { findCatalog } = await import('../host/catalog/find-catalog.ts');
  const { nearestCheckout } = await import('../host/catalog/resolve.ts');
  const cwd = process.cwd();
  const { env } = process;
  const stated = options.repoRoot || env['TUNE_REPO_ROOT'];
  const repoRoot = stated ? resolve(cwd, stated) : nearestCheckout(cwd);
  const { dir, hostsDir, line } = await findCatalog({ flag: options.catalog, env, repoRoot, cwd });
  return { catalog: await openCatalog(dir, hostsDir), line };
}

async function chosenModel(given: string | undefined, catalog: () => Promise<Catalog>): Promise<string> {
  if (given !== undefined) return given;
  const { dir, modelNames } = await catalog();
  const [only] = modelNames;
  if (only !== undefined && modelNames.length === 1) return only;
  const known = defaultModels.find((name) => modelNames.includes(name));
  if (known !== undefined) return known;
  throw new CalibError('invalid-input', `${dir} has several models, or none, and none is named`, {
    remedy: `add --model NAME, one of: ${modelNames.join(', ') || '(none)'}`,
  });
}

function contextOf(options: SharedOptionValues): CliContext {
  const found = once(() => openFoundCatalog(options));
  const catalogUnsaid = async () => (await found()).catalog;
  const catalog = once(async () => {
    const { catalog: opened, line } = await found();
    if (line !== null) note(line);
    return opened;
  });
  const modelName = once(() => chosenModel(options.model, catalog));
  const resolvers = createResolvers(options, { catalog, catalogUnsaid }, modelName);
  return {
    json: options.json === true,
    any: options.any === true,
    withModel: (model) => contextOf({ ...options, model }),
    withCompat: (compat) => contextOf({ ...options, compat }),
    modelName,
    modelGiven: options.model !== undefined,
    envOption: once(async () => {
      const { parseEnvOption } = await import('../domain/catalog/env-option.ts');
      return parseEnvOption(options.env ?? [], process.env);
    }),
    catalog,
    catalogUnsaid,
    ...resolvers,
    announceHost: async () => {
      const { host } = await resolvers.host();
      if (host !== null) {
        const root = await resolvers.repoRoot().then(
          ({ path }) => path,
          () => host.profile.repo_root ?? 'unknown',
        );
        note(`host: ${host.profile.name ?? host.name} (repo=${root})`);
      }
    },
  };
}
