import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import type { StageDiscovery } from '../../../src/domain/discovery/discover-stages.ts';
import { discoverModel } from '../../../src/host/discovery/discover-model.ts';
import { AT, fixture, shippedConfig } from './world.ts';

async function discover(model: string): Promise<StageDiscovery> {
  const config = await shippedConfig(model);
  return discoverModel({ repoRoot: fixture('shipped'), config, discoveredAt: AT });
}

function expected(stages: Record<string, [groups: string, samples: number]>): string[] {
  return Object.entries(stages).flatMap(([base, [groups, samples]]) =>
    groups.split(' ').map((group) => `${base}_${group} ${group === 'similarity' ? 50 : samples}`),
  );
}

function rows(discovery: StageDiscovery): string[] {
  return discovery.stages.map((stage) => `${stage.key} ${stage.expected_samples}`);
}

describe('the shipped models on fixtures of their structure', () => {
  test('qwen3-omni-v1 has 26 stages and 59 metrics', async () => {
    const discovery = await discover('qwen3-omni-v1');
    expect(rows(discovery)).toEqual(
      expected({
        mmmu: ['accuracy speed', 50],
        mmmu_talker: ['accuracy wer speed', 20],
        mmsu: ['accuracy speed', 2000],
        mmsu_talker: ['accuracy wer speed', 40],
        tts: ['wer utmos speed', 50],
        videoamme: ['accuracy speed', 50],
        videoamme_talker: ['accuracy wer speed', 20],
        videoamme_talker_tp2: ['accuracy wer speed', 10],
        videomme: ['accuracy speed', 50],
        videomme_talker: ['accuracy wer speed', 20],
      }),
    );
    expect(discovery.counts).toEqual({ ok: 59, needsConfig: 0, ambiguous: 0, blocked: 0 });
  });

  test('qwen3-asr-v1 has 2 stages and 7 metrics', async () => {
    const discovery = await discover('qwen3-asr-v1');
    expect(rows(discovery)).toEqual(expected({ qwen3_asr: ['wer speed', 1088] }));
    expect(discovery.counts.ok).toBe(7);
  });

  test('tts has 14 stages and 29 metrics, ASR first, then variant by variant', async () => {
    const discovery = await discover('tts');
    expect(rows(discovery)).toEqual(
      expected({
        qwen3_asr: ['wer speed', 1088],
        tts_higgs_nonstream: ['wer similarity utmos speed', 1088],
        tts_moss_nonstream: ['wer similarity utmos speed', 1088],
        tts_higgs_stream: ['wer speed', 1088],
        tts_moss_stream: ['wer speed', 1088],
      }),
    );
    expect(discovery.counts).toEqual({ ok: 29, needsConfig: 0, ambiguous: 0, blocked: 0 });
  });

  test('no preset of tts gets a symbol of the other', async () => {
    const { stages } = await discover('tts');
    const presets = stages.filter((stage) => stage.calibration_preset !== undefined);
    const strangers = presets.flatMap((stage) =>
      Object.values(stage.metrics).filter(
        ({ source }) => !source.includes((stage.calibration_preset ?? '').toUpperCase()),
      ),
    );
    expect([presets.length, strangers]).toEqual([12, []]);
  });

  test.each(['qwen3-omni-v1', 'qwen3-asr-v1', 'tts'])(
    '%s ships without a stages.yaml: what a checkout has is discovered there, without a warning',
    async (model) => {
      const file = fileURLToPath(new URL(`../../../models/${model}/stages.yaml`, import.meta.url));
      expect(existsSync(file)).toBe(false);
      const { findings } = await discover(model);
      expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    },
  );
});
