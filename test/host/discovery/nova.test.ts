import { beforeAll, describe, expect, test } from 'vitest';

import type { StageDiscovery } from '../../../src/domain/discovery/discover-stages.ts';
import type { StageDefinition } from '../../../src/domain/stages/stage.ts';
import { discoverModel } from '../../../src/host/discovery/discover-model.ts';
import { AT, fixture, readConfig } from './world.ts';

let discovery: StageDiscovery;

beforeAll(async () => {
  const config = await readConfig(`${fixture('nova')}/config.yaml`, 'nova');
  discovery = await discoverModel({ repoRoot: fixture('nova'), config, discoveredAt: AT });
});

function stagesOf(prefix: string): StageDefinition[] {
  return discovery.stages.filter((stage) => stage.key.startsWith(prefix));
}

describe('a test whose sources are inferred', () => {
  test('gives two stages with the sample count of MAX_SAMPLES, not of CONCURRENCY', () => {
    expect(
      stagesOf('chart').map(({ key, title, expected_samples }) => [key, title, expected_samples]),
    ).toEqual([
      ['chart_accuracy', 'CHART Accuracy', 30],
      ['chart_speed', 'CHART Speed', 30],
    ]);
  });

  test('reads every metric in the one inferred file', () => {
    const metrics = stagesOf('chart').flatMap((stage) => Object.entries(stage.metrics));
    expect(metrics.map(([key, { source, json_path, status }]) => [key, source, json_path, status])).toEqual([
      ['accuracy', 'CHART_MIN_ACCURACY', 'summary.accuracy', 'OK'],
      ['throughput_qps', "_CHART_P95['throughput_qps']", 'speed.throughput_qps', 'OK'],
      ['output_tok_per_req_s', "_CHART_P95['output_tok_per_req_s']", 'speed.output_tok_per_req_s', 'OK'],
      ['latency_mean_s', "_CHART_P95['latency_mean_s']", 'speed.latency_mean_s', 'OK'],
    ]);
    expect(new Set(metrics.map(([, metric]) => metric.json_file))).toEqual(
      new Set(['test_chart_accuracy_and_speed_0/chart/chart_results.json']),
    );
  });

  test('lists the context variables and the constants that match nothing', () => {
    expect(stagesOf('chart')[0]?.context_vars).toEqual(['CONCURRENCY', 'MAX_SAMPLES']);
    const unmatched = discovery.findings.filter(
      ({ kind, file }) => kind === 'unmatched' && file.endsWith('chart_ci.py'),
    );
    expect(unmatched.map(({ message }) => message)).toEqual([
      'CHART_NOTE matches no metric',
      "_CHART_P95['warmup_s'] matches no metric",
    ]);
  });

  test('prints the paste-ready suggestion', () => {
    expect(discovery.lines[0]).toBe('  [auto] test_nova_chart_ci.py: inferred from AST (convention).');
  });
});

describe('a hand-written source with group counts and __len__', () => {
  test('gives four stages in order, without the ignored similarity', () => {
    expect(stagesOf('voice').map(({ key, expected_samples }) => [key, expected_samples])).toEqual([
      ['voice_wer', undefined],
      ['voice_utmos', undefined],
      ['voice_reliability', undefined],
      ['voice_speed', undefined],
    ]);
  });

  test('uses the counts of the group, else those of the file', () => {
    const [wer, utmos] = stagesOf('voice');
    expect(wer?.sample_counts).toEqual({
      total: { json_file: 'voice0/wer.json', json_path: 'n' },
      ok: { json_file: 'voice0/wer.json', json_path: 'scored' },
    });
    expect(utmos?.sample_counts?.ok).toEqual({
      json_file: 'voice0/speed.json',
      json_path: 'requests.rows.__len__',
    });
  });

  test('marks the metric without a path', () => {
    expect(stagesOf('voice')[1]?.metrics['utmos_mean']).toMatchObject({
      status: 'NEEDS_CONFIG',
      json_file: null,
      json_path: null,
    });
  });
});

describe('variants, presets and a threshold file', () => {
  test('emit variant by variant, preset by preset, each with its own source and scope', () => {
    const rows = stagesOf('duet').map((stage) => [
      stage.key,
      Object.values(stage.metrics)
        .map((metric) => metric.source)
        .join(),
      stage.expected_samples,
    ]);
    expect(rows).toEqual([
      ['duet_red_whole_wer', 'RED_D_WER_MAX_CORPUS', 200],
      ['duet_red_whole_similarity', 'RED_D_SIMILARITY_MEAN_MIN', 25],
      ['duet_red_whole_speed', "_RED_D_P95['throughput_qps']", 200],
      ['duet_blue_whole_wer', 'BLUE_D_WER_MAX_CORPUS', 200],
      ['duet_red_stream_wer', 'RED_D_STREAM_WER_MAX_CORPUS', 60],
      ['duet_blue_stream_speed', "_BLUE_D_STREAM_P95['rtf_mean']", 60],
    ]);
  });

  test('carry environment, title, hashes and GPU needs of the preset', () => {
    const [red, , , blue] = stagesOf('duet');
    expect(red).toMatchObject({
      title: 'DUET RED WHOLE Wer',
      extra_env: { SEED: '7', DUET_VOICE: 'red' },
      gpus: 2,
      hf_model_ids: ['acme/red'],
      threshold_file: 'tests/nova/duet_limits.py',
      threshold_file_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      test_file_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(blue).toMatchObject({ gpus: 1, extra_env: { DUET_VOICE: 'blue' } });
    expect(blue).not.toHaveProperty('hf_model_ids');
  });
});

test('metrics are counted one by one', () => {
  expect(discovery.counts).toEqual({ ok: 12, needsConfig: 1, ambiguous: 0, blocked: 2 });
});
