import { z } from 'zod';

import type { ImportReading, VenvReading } from '../../domain/precheck/venv-facts.ts';
import { runPython } from './run-python.ts';
import { importScript, venvScript } from './venv-script.ts';

/** Reading metadata takes well under a second; the rest is for a cold network disk. */
const metadataTimeoutMs = 60_000;
/** torch, sglang and flashinfer together, from a cold disk. */
const importTimeoutMs = 180_000;

const venvSchema = z.object({
  python: z.string(),
  markers: z.record(z.string(), z.string()),
  versions: z.record(z.string(), z.string().nullable()),
  project: z.object({ version: z.string(), editable: z.boolean(), url: z.string().nullable() }).nullable(),
  modules: z.record(z.string(), z.string().nullable()),
  distributions: z.record(z.string(), z.string()).optional(),
});

const importSchema = z.object({
  errors: z.record(z.string(), z.string().nullable()),
  cuda: z.object({ available: z.boolean(), count: z.number(), version: z.string().nullable() }).nullable(),
});

export interface VenvQuestion {
  python: string;
  /** Distribution names. */
  packages: readonly string[];
  modules: readonly string[];
  /** `project.name` of the checkout. */
  project: string | null;
  /** Lists every installed distribution too. */
  all?: boolean;
  env: Readonly<Record<string, string>>;
  cwd: string;
}

/** Asks an interpreter for versions and places from distribution metadata, in one process, importing nothing. */
export async function readVenv(question: VenvQuestion): Promise<VenvReading> {
  const { python, packages, modules, project, all = false, env, cwd } = question;
  return await runPython({
    python,
    options: ['-I'],
    script: venvScript,
    argument: { packages, modules, project, all },
    env,
    cwd,
    timeoutMs: metadataTimeoutMs,
    schema: venvSchema,
  });
}

export interface ImportQuestion {
  python: string;
  modules: readonly string[];
  /** The environment of a pytest launch, with the GPUs to show. */
  env: Readonly<Record<string, string>>;
  /** The repository root, as for pytest. */
  cwd: string;
}

/** Imports the modules in one process that is given up after three minutes (spec 04 §10 gate 2). */
export async function readImports({ python, modules, env, cwd }: ImportQuestion): Promise<ImportReading> {
  return await runPython({
    python,
    // Precheck is read-only: no compiled files beside the sources.
    options: ['-B'],
    script: importScript,
    argument: modules,
    env,
    cwd,
    timeoutMs: importTimeoutMs,
    schema: importSchema,
  });
}
