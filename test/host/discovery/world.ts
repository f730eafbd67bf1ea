import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parseModelConfig, type ModelConfig } from '../../../src/domain/catalog/model-config.ts';

export const AT = '2025-06-01T12:00:00Z';
const fixtures = fileURLToPath(new URL('../../fixtures/discovery', import.meta.url));

/** Absolute path of a fixture checkout. */
export function fixture(name: string): string {
  return join(fixtures, name);
}

export async function readConfig(file: string, name: string): Promise<ModelConfig> {
  return parseModelConfig({ file, yaml: await readFile(file, 'utf8'), directoryName: name }).value;
}

/** The config that calib ships for a model. */
export async function shippedConfig(model: string): Promise<ModelConfig> {
  return readConfig(fileURLToPath(new URL(`../../../models/${model}/config.yaml`, import.meta.url)), model);
}

/** A temporary checkout with the given files. */
export async function checkout(files: Record<string, string | Uint8Array>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'calib-discovery-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}

export function config(extra: string): ModelConfig {
  const yaml = `name: nova\nhf_model_id: acme/nova\nhf_datasets: []\nstage_base_strip_prefix: test_\n${extra}`;
  return parseModelConfig({ file: 'config.yaml', yaml, directoryName: 'nova' }).value;
}
