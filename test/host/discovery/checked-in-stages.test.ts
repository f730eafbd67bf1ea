import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { lockOf, renderStagesYaml } from '../../../src/domain/stages/stages-yaml.ts';
import { discoverModel } from '../../../src/host/discovery/discover-model.ts';
import { updateStagesFile } from '../../../src/host/discovery/update-stages-file.ts';
import { AT, readConfig } from './world.ts';

function project(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url)).replace(/\/$/, '');
}

const checkedIn = [
  { model: 'speech', catalog: project('examples/speech-ci'), repoRoot: project('examples/speech-ci') },
];

describe.each(checkedIn)('the stages.yaml of $model that is checked in', ({ model, catalog, repoRoot }) => {
  const output = `${catalog}/models/${model}/stages.yaml`;
  const readModel = () => readConfig(`${catalog}/models/${model}/config.yaml`, model);

  test('passes discover --check, without a warning', async () => {
    const options = { repoRoot, config: await readModel(), output, stage: null };
    const { outcome, diff, discovery } = await updateStagesFile({ ...options, checkOnly: true });
    expect([outcome, diff]).toEqual(['unchanged', []]);
    expect(discovery.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  });

  test('is a lock, byte for byte what discovery writes, its comments aside', async () => {
    const text = await readFile(output, 'utf8');
    const header = text.split('\n').filter((line) => line.startsWith('#'));
    const found = await discoverModel({ repoRoot, config: await readModel(), discoveredAt: AT });
    expect(renderStagesYaml(lockOf(found.stages), header.join('\n'))).toBe(text);
  });
});
