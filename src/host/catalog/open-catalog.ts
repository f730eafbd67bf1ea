import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { CalibError } from '../../domain/calib-error.ts';
import { type HostProfile, parseHostProfile } from '../../domain/catalog/host-profile.ts';
import { type ModelConfig, parseModelConfig } from '../../domain/catalog/model-config.ts';
import { nearestName } from '../../domain/catalog/names.ts';
import { pathExists, sha256Of } from '../run-directory/files.ts';
import { readCatalogStages } from './catalog-stages.ts';

export interface LoadedModel {
  name: string;
  /** Absolute path of its `config.yaml`. */
  file: string;
  /** SHA-256 (hex) of the file, so that a change during a session is noticed. */
  sha256: string;
  config: ModelConfig;
  warnings: string[];
}

export interface LoadedHost {
  /** The profile's file stem, which `--host` takes; `profile.name` is for display. */
  name: string;
  /** Absolute path. */
  file: string;
  /** SHA-256 (hex) of the file. */
  sha256: string;
  profile: HostProfile;
  warnings: string[];
}

/** A folder with `models/` and `hosts/`. Files are read when they are asked for, validated whole. */
export interface Catalog {
  /** Absolute. */
  dir: string;
  /** Sorted. */
  modelNames: readonly string[];
  /** Sorted. */
  hostNames: readonly string[];
  /** @throws CalibError `invalid-input` for an unknown name (listing the known ones) or an invalid file */
  loadModel: (name: string) => Promise<LoadedModel>;
  /** @throws CalibError `invalid-input` for an unknown name (listing the known ones) or an invalid file */
  loadHost: (name: string) => Promise<LoadedHost>;
  /** Absolute path of a model's `stages.yaml`, which may not exist yet. @throws CalibError for an unknown model */
  stagesPath: (model: string) => string;
}

/** Sorted names of the sub-folders of `models/` that hold a `config.yaml`. */
async function findModels(dir: string): Promise<string[]> {
  const folder = join(dir, 'models');
  const entries = await readdir(folder).catch((cause: unknown) => {
    throw new CalibError('invalid-input', `${folder}: cannot be read, so ${dir} is not a catalog`, {
      remedy:
        'give a folder with models/ and hosts/ to --catalog (or CALIB_CATALOG), or neither to use the shipped one',
      cause,
    });
  });
  const known = await Promise.all(entries.map((entry) => pathExists(join(folder, entry, 'config.yaml'))));
  return entries.filter((_, index) => known[index] === true).sort();
}

/** Sorted stems of the profiles in a folder; one that is not there has none. */
async function findHosts(folder: string): Promise<string[]> {
  const entries = await readdir(folder).catch(() => []);
  return entries
    .filter((entry) => entry.endsWith('.yaml') && entry !== '.yaml')
    .map((entry) => entry.slice(0, -'.yaml'.length))
    .sort();
}

async function readWithHash(file: string): Promise<{ yaml: string; sha256: string }> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new CalibError('invalid-input', `${file}: cannot be read`, {
      remedy: 'check its permissions',
      cause,
    });
  });
  return { yaml: decode(bytes, file), sha256: sha256Of(bytes) };
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CalibError('invalid-input', `${file}: the file is not UTF-8 text`, {
      remedy: 'save the file as UTF-8',
      cause,
    });
  }
}

function requireKnown(kind: 'model' | 'host', name: string, file: string, known: readonly string[]): void {
  if (known.includes(name)) {
    return;
  }
  const near = nearestName(name, known);
  throw new CalibError(
    'invalid-input',
    `unknown ${kind} "${name}": no ${file}; known ${kind}s: ${known.length > 0 ? known.join(', ') : '(none)'}`,
    {
      remedy:
        near === null ? `pick one of the names that calib ${kind}s-list prints` : `did you mean ${near}?`,
    },
  );
}

/**
 * Opens a catalog folder and lists what is in it; no config and no profile is read yet.
 *
 * @param dir absolute, or relative to the working directory
 * @param hostsDir folder of the host profiles, where they do not lie in `hosts/` of the catalog
 * @throws CalibError `invalid-input` when the folder has no readable `models/`
 */
export async function openCatalog(dir: string, hostsDir = join(resolve(dir), 'hosts')): Promise<Catalog> {
  const root = resolve(dir);
  const [modelNames, hostNames] = await Promise.all([findModels(root), findHosts(hostsDir)]);
  const modelFile = (name: string) => join(root, 'models', name, 'config.yaml');
  const hostFile = (name: string) => join(hostsDir, `${name}.yaml`);
  return {
    dir: root,
    modelNames,
    hostNames,
    loadModel: async (name) => {
      const file = modelFile(name);
      requireKnown('model', name, file, modelNames);
      const { yaml, sha256 } = await readWithHash(file);
      const { value, warnings } = parseModelConfig({ file, yaml, directoryName: name });
      return { name, file, sha256, config: value, warnings };
    },
    loadHost: async (name) => {
      const file = hostFile(name);
      requireKnown('host', name, file, hostNames);
      const { yaml, sha256 } = await readWithHash(file);
      const { value, warnings } = parseHostProfile({ file, yaml });
      return { name, file, sha256, profile: value, warnings };
    },
    stagesPath: (model) => {
      requireKnown('model', model, modelFile(model), modelNames);
      return join(root, 'models', model, 'stages.yaml');
    },
  };
}

export interface ModelDescription {
  name: string;
  description: string | null;
  /** Null for a suite that needs no model of a hub. */
  hf_model_id: string | null;
  /** What the catalog's `stages.yaml` lists; null without one. */
  stage_count: number | null;
}

/**
 * The `--json` answer of `models-list`, in catalog order.
 *
 * @throws CalibError `invalid-input` for an invalid config or `stages.yaml`
 */
export async function describeModels(catalog: Catalog): Promise<ModelDescription[]> {
  return Promise.all(
    catalog.modelNames.map(async (name) => {
      const { config } = await catalog.loadModel(name);
      const recorded = await readCatalogStages(catalog.stagesPath(name));
      return {
        name,
        description: config.description ?? null,
        hf_model_id: config.hf_model_id ?? null,
        stage_count: recorded === null ? null : recorded.stages.length,
      };
    }),
  );
}

/** The catalog folder that calib ships: `models/` and `hosts/` lie beside `src/` (and `dist/`). Absolute. */
export function shippedCatalogDir(): string {
  return fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
}

/** What the operator stated where the active profile says otherwise: the statement wins, with a warning. */
export interface Contradiction {
  host: LoadedHost | null;
  /** Key of the profile. */
  key: string;
  profiled: string | undefined;
  /** The flag or variable that states another value. */
  setting: string;
  stated: string;
}

/** One warning when the two differ, none otherwise. */
export function staleProfileWarnings(contradiction: Contradiction): string[] {
  const { host, key, profiled, setting, stated } = contradiction;
  if (host === null || profiled === undefined || profiled === stated) {
    return [];
  }
  return [
    `${setting} (${stated}) overrides ${key} (${profiled}) of host ${host.name}; the profile may be stale: ${host.file}`,
  ];
}
