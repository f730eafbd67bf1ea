import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { parseStagesYaml, renderStagesYaml } from '../../../src/domain/stages/stages-yaml.ts';
import { keepDiscoveryTimes } from '../../../src/domain/stages/update-stages.ts';
import { discoverModel } from '../../../src/host/discovery/discover-model.ts';
import { updateStagesFile } from '../../../src/host/discovery/update-stages-file.ts';
import { AT, readConfig } from './world.ts';

function project(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url)).replace(/\/$/, '');
}

const checkedIn = [
  { model: 'speech', catalog: project('examples/speech-ci'), repoRoot: project('examples/speech-ci') },
];

describe.each(checkedIn)(
  '02 §13: the stages.yaml of $model that is checked in',
  ({ model, catalog, repoRoot }) => {
    const output = `${catalog}/models/${model}/stages.yaml`;
    const readModel = () => readConfig(`${catalog}/models/${model}/config.yaml`, model);

    test('passes discover --check, without a warning', async () => {
      const options = { repoRoot, config: await readModel(), output, stage: null, now: new Date(0) };
      const { outcome, diff, discovery } = await updateStagesFile({ ...options, checkOnly: true });
      expect([outcome, diff]).toEqual(['unchanged', []]);
      expect(discovery.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    });

    test('is byte for byte what discovery writes, its comments and times aside', async () => {
      const text = await readFile(output, 'utf8');
      const header = text.split('\n').filter((line) => line.startsWith('#'));
      const found = await discoverModel({ repoRoot, config: await readModel(), discoveredAt: AT });
      const stages = keepDiscoveryTimes(found.stages, parseStagesYaml(text, output));
      expect(renderStagesYaml(stages, header.join('\n'))).toBe(text);
    });
  },
);
