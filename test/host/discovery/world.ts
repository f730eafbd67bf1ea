import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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

export function config(extra: string): ModelConfig {
  const yaml = `name: nova\nhf_model_id: acme/nova\nhf_datasets: []\nstage_base_strip_prefix: test_\n${extra}`;
  return parseModelConfig({ file: 'config.yaml', yaml, directoryName: 'nova' }).value;
}
