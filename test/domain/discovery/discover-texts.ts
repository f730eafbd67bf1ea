import { createHash } from 'node:crypto';

import { parseModelConfig, type ModelConfig } from '../../../src/domain/catalog/model-config.ts';
import { discoverStages, type StageDiscovery } from '../../../src/domain/discovery/discover-stages.ts';
import type { FindingKind } from '../../../src/domain/discovery/finding.ts';
import type { ReadSource } from '../../../src/domain/discovery/write-stage.ts';
import { readSourceFacts } from '../../../src/python/read-source-facts.ts';

export const AT = '2025-06-01T12:00:00Z';

/** A config of the model `nova` with the given YAML lines appended. */
export function novaConfig(extra = ''): ModelConfig {
  const yaml = `name: nova\nhf_model_id: acme/nova\nhf_datasets: []\nstage_base_strip_prefix: test_\nstage_base_strip_suffix: _ci\n${extra}`;
  return parseModelConfig({ file: 'config.yaml', yaml, directoryName: 'nova' }).value;
}

export function source(path: string, text: string): ReadSource {
  const result = readSourceFacts(text);
  if (result.kind === 'syntax-error') {
    throw new Error(`${path}:${result.line}: ${result.message}`);
  }
  return { path, sha256: createHash('sha256').update(text).digest('hex'), facts: result.facts };
}

/** Discovers test files given as text; `limits` are threshold files. */
export function discoverTexts(given: {
  tests: Record<string, string>;
  limits?: Record<string, string>;
  config?: string;
}): StageDiscovery {
  const read = (files: Record<string, string>) =>
    Object.entries(files).map(([path, text]) => source(path, text));
  return discoverStages({
    config: novaConfig(given.config),
    tests: read(given.tests),
    thresholdFiles: new Map(read(given.limits ?? {}).map((file) => [file.path, file])),
    discoveredAt: AT,
  });
}

/** Discovers one file, `tests/test_x_ci.py`. */
export function discoverText(text: string, config = ''): StageDiscovery {
  return discoverTexts({ tests: { 'tests/test_x_ci.py': text }, config });
}

/** `stage.metric → source status`, in emission order. */
export function metricsOf(discovery: StageDiscovery): string[] {
  return discovery.stages.flatMap((stage) =>
    Object.entries(stage.metrics).map(
      ([key, { source: from, status }]) => `${stage.key}.${key} ${from} ${status}`,
    ),
  );
}

export function findings(discovery: StageDiscovery, kind: FindingKind): string[] {
  return discovery.findings
    .filter((finding) => finding.kind === kind)
    .map(({ line, column, message }) => `${line}:${column} ${message}`);
}
