import { Option, type Command } from 'commander';

import type { EnvOption } from '../domain/catalog/env-option.ts';
import type { Catalog, LoadedModel } from '../host/catalog/open-catalog.ts';
import type { ResolvedHost, ResolvedRepoRoot, ResolvedVenv } from '../host/catalog/resolve.ts';
import { note, warn } from './output.ts';

/** The model meant when `--model` is absent. */
const defaultModel = 'qwen3-omni-v1';

const sharedOptions = {
  catalog: () => [
    new Option(
      '--catalog <dir>',
      'folder with models/ and hosts/ (default: the shipped one; env: CALIB_CATALOG)',
    ),
  ],
  host: () => [
    new Option(
      '--host <name>',
      "host profile (default: the one with this machine's hostname; env: TUNE_HOST)",
    ),
    new Option('--no-host', 'use no host profile'),
  ],
  model: () => [new Option('--model <name>', `model of the catalog (default: ${defaultModel})`)],
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
  /** `--model`, or the default. */
  modelName: string;
  /** True when `--model` was given. */
  modelGiven: boolean;
  /** What `--env` gives. */
  envOption: () => Promise<EnvOption>;
  catalog: () => Promise<Catalog>;
  model: () => Promise<LoadedModel>;
  host: () => Promise<ResolvedHost>;
  repoRoot: () => Promise<ResolvedRepoRoot>;
  venv: () => Promise<ResolvedVenv>;
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
function createResolvers(options: SharedOptionValues, catalog: () => Promise<Catalog>, modelName: string) {
  const cwd = process.cwd();
  const { env } = process;
  const model = once(async () => warned((await catalog()).loadModel(modelName)));
  const host = once(async () => {
    const { resolveHost } = await import('../host/catalog/resolve.ts');
    return warned(resolveHost({ catalog: await catalog(), flag: options.host, env }));
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
  return { model, host, repoRoot, venv };
}

/**
 * The context of a command's action.
 *
 * @param command the command whose action runs (commander passes it as the last argument)
 */
export function createContext(command: Command): CliContext {
  return contextOf(sharedOptionValues(command));
}

function contextOf(options: SharedOptionValues): CliContext {
  const modelName = options.model ?? defaultModel;
  const catalog = once(async () => {
    const { openCatalog } = await import('../host/catalog/open-catalog.ts');
    const { shippedCatalogDir } = await import('../host/catalog/open-catalog.ts');
    return openCatalog(options.catalog || process.env['CALIB_CATALOG'] || shippedCatalogDir());
  });
  const resolvers = createResolvers(options, catalog, modelName);
  return {
    json: options.json === true,
    any: options.any === true,
    withModel: (model) => contextOf({ ...options, model }),
    modelName,
    modelGiven: options.model !== undefined,
    envOption: once(async () => {
      const { parseEnvOption } = await import('../domain/catalog/env-option.ts');
      return parseEnvOption(options.env ?? [], process.env);
    }),
    catalog,
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
