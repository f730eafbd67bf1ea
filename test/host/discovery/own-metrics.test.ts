import { readFile } from 'node:fs/promises';

import { beforeAll, describe, expect, test } from 'vitest';

import { extractValues, type LoadedDocument } from '../../../src/domain/observation/extract-metrics.ts';
import { buildUnits } from '../../../src/domain/selection/units.ts';
import { selectStages } from '../../../src/domain/selection/select.ts';
import { startabilityProblems } from '../../../src/domain/session/startability.ts';
import type { StageDefinition } from '../../../src/domain/stages/stage.ts';
import { parseStagesYaml } from '../../../src/domain/stages/stages-yaml.ts';
import { worstOf } from '../../../src/domain/statistics/worst-of-n.ts';
import { updateStagesFile } from '../../../src/host/discovery/update-stages-file.ts';
import { displayValue } from '../../../src/report/metric-table.ts';
import { fixture, readConfig } from './world.ts';

const root = fixture('kiln');
const file = `${root}/models/kiln/stages.yaml`;
let stages: StageDefinition[];

beforeAll(async () => {
  stages = parseStagesYaml(await readFile(file, 'utf8'), file);
});

describe('a suite whose metrics calib does not know needs nothing but its config', () => {
  test('the checked-in stages.yaml is what discovery makes of it', async () => {
    const config = await readConfig(`${root}/models/kiln/config.yaml`, 'kiln');
    const update = await updateStagesFile({
      repoRoot: root,
      config,
      output: file,
      stage: null,
      checkOnly: true,
    });
    expect([update.outcome, update.diff]).toEqual(['unchanged', []]);
    expect(update.discovery.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  });

  test('its constants and the keys of its speed dict become stages of its own groups', () => {
    const rows = stages.flatMap((stage) =>
      Object.entries(stage.metrics).map(
        ([key, { source, worst }]) => `${stage.key} ${key} ${worst} ${source}`,
      ),
    );
    expect(rows).toEqual([
      'pages_reading char_error_rate max PRINT_CER_LIMIT',
      'pages_reading layout_f1 min LAYOUT_TABLES_FLOOR',
      "pages_pace pages_per_s min PACE['pages_per_s']",
      "pages_pace first_page_p99_s max PACE['first_page_p99_s']",
      "pages_pace latency_mean_s max PACE['latency_mean_s']",
    ]);
  });

  test('they can be selected by group, started without a GPU, and share one pytest run', () => {
    const { stages: selected } = selectStages(stages, '@pace,@reading');
    expect(startabilityProblems(selected)).toEqual([]);
    const config = {
      gpus_per_test: { 'test_kiln_pages.py': 0 },
      pytest_extra_args: {},
      timeout_s_by_test: {},
    };
    expect(buildUnits(selected, config)).toMatchObject([
      { namespace: 'test_kiln_pages', gpus: 0, stages: ['pages_pace', 'pages_reading'] },
    ]);
  });

  test('their values are read, compared in the stated direction and shown in the stated unit', () => {
    const results = [
      {
        quality: { cer: 0.0213, layout: { f1: 0.9321 } },
        pace: { pages_per_s: 4.5, first_p99: 1.5, mean: 0.1812 },
      },
      {
        quality: { cer: 0.0251, layout: { f1: 0.9084 } },
        pace: { pages_per_s: 4.1, first_p99: 1.9, mean: 0.1799 },
      },
    ];
    const path = 'pages0/report.json';
    const shown = stages.flatMap((stage) => {
      const runs = results.map((value) => {
        const loaded: LoadedDocument = { kind: 'document', value, file: { path, sha256: '0', mtime: '' } };
        return extractValues({ metrics: stage.metrics }, new Map([[path, loaded]])).metrics;
      });
      return Object.entries(stage.metrics).map(([key, { worst, display }]) => {
        const values = runs.map((run) => run[key] ?? Number.NaN);
        return [display.label, displayValue(worstOf(values, worst) ?? Number.NaN, display)];
      });
    });
    expect(shown).toEqual([
      ['CER (%)', '2.5'],
      ['Layout F1', '0.908'],
      ['Pages/s', '4.1'],
      ['First page p99 (s)', '1.900'],
      ['Mean page time (ms)', '181'],
    ]);
  });
});
