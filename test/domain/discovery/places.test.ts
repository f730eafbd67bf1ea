import { describe, expect, test } from 'vitest';

import { hostDevice } from '../../../src/domain/discovery/candidates/device-row.ts';
import { discoverStages, type StageDiscovery } from '../../../src/domain/discovery/discover-stages.ts';
import { noFacts } from '../../../src/domain/discovery/source-facts.ts';
import { listInData, readDataFile } from '../../../src/domain/places/data-file.ts';
import { AT, discoverText, findings, metricsOf, novaConfig, source } from './discover-texts.ts';

const paths = `metric_sources:
  test_x_ci.py:
    json_file: r.json
    sample_counts: {total: n, ok: done}
    paths: {accuracy: acc, corpus_wer: wer, throughput_qps: qps, rtf_mean: rtf, latency_mean_s: mean}
`;

function blocked(discovery: StageDiscovery): string[] {
  return discovery.findings
    .filter(({ kind }) => kind === 'blocked-place')
    .map(({ message, remedy }) => `${message} → ${remedy}`);
}

describe('a table by device', () => {
  const table = `EXPECTED = {
    "H100": {"throughput_qps": 4.2, "latency_mean_s": 1.10},
    "H200": {"throughput_qps": 5.0, "latency_mean_s": 0.90},
}
`;

  test('without a device_key is blocked, with what would settle it', () => {
    const discovery = discoverText(table, paths);
    expect(metricsOf(discovery)).toEqual([
      "x_speed.throughput_qps EXPECTED['throughput_qps'] BLOCKED",
      "x_speed.latency_mean_s EXPECTED['latency_mean_s'] BLOCKED",
    ]);
    expect(blocked(discovery)[0]).toMatch(
      /has a row for each of 'H100', 'H200'.*device_key.*EXPECTED\['H100'\]/,
    );
    expect(discovery.counts).toMatchObject({ ok: 0, blocked: 2 });
  });

  test.each([
    ['a constant', 'device_key: H200', ''],
    ['a constant in words', 'device_key: {constant: H200}', ''],
    ['a variable that the config sets', 'device_key: {env: DEV}', 'auto_env: {DEV: H200}\n'],
    ['a variable of the test', 'device_key: "env: DEV"', 'extra_env: {test_x_ci.py: {DEV: H200}}\n'],
  ])('takes the row of the device: %s', (_what, key, extra) => {
    const discovery = discoverText(table, `${extra}${paths}    ${key}\n`);
    expect(metricsOf(discovery)).toEqual([
      "x_speed.throughput_qps EXPECTED['H200']['throughput_qps'] OK",
      "x_speed.latency_mean_s EXPECTED['H200']['latency_mean_s'] OK",
    ]);
    expect(blocked(discovery)).toEqual([]);
  });

  test('takes the row of a variable that only the suite gives a default', () => {
    const text = `import os\nDEVICE = os.environ.get("DEV", "H100")\n${table}`;
    const discovery = discoverText(text, `${paths}    device_key: {env: DEV}\n`);
    expect(metricsOf(discovery)[0]).toBe("x_speed.throughput_qps EXPECTED['H100']['throughput_qps'] OK");
  });

  test('of a device without a row is blocked, with the row to add', () => {
    const discovery = discoverText(table, `${paths}    device_key: B200\n`);
    expect(metricsOf(discovery)[0]).toBe("x_speed.throughput_qps EXPECTED['throughput_qps'] BLOCKED");
    expect(blocked(discovery)[0]).toMatch(
      /has no row for B200 \(it has 'H100', 'H200'\) → add the row EXPECTED\['B200'\]\['throughput_qps'\]/,
    );
  });

  test('of a variable that nothing sets is blocked, with the key to set', () => {
    const discovery = discoverText(table, `${paths}    device_key: {env: DEV}\n`);
    expect(blocked(discovery)[0]).toMatch(/nothing sets DEV.* → set DEV in/);
  });

  test('takes the GPU that the host profile names, by the longest part of its name', () => {
    const discover = (profile: Parameters<typeof hostDevice>[0]) =>
      discoverStages({
        config: novaConfig(`device_key: gpu\n${paths}`),
        tests: [source('tests/test_x_ci.py', table)],
        thresholdFiles: new Map(),
        host: hostDevice(profile),
        discoveredAt: AT,
      });
    const named = {
      gpu_model: 'NVIDIA H200 NVL',
      device_names: { H100: 'H100', H200: 'H100', 'H200 NVL': 'H200' },
    };
    expect(metricsOf(discover(named))[0]).toBe(
      "x_speed.throughput_qps EXPECTED['H200']['throughput_qps'] OK",
    );
    expect(metricsOf(discover({ gpu_model: 'H100' }))[0]).toContain("EXPECTED['H100']");
    expect(blocked(discover(null))[0]).toMatch(/the GPU of the host is not known → give --host/);
  });

  test('by device and concurrency in one key, and with the metric outside', () => {
    const text = `CONCURRENCY = 8
TUPLES = {("H200", 8): {"throughput_qps": 1.0}, ("H200", 16): {"throughput_qps": 2.0}, ("H100", 8): {"throughput_qps": 3.0}}
OUTSIDE = {"rtf_mean": {"H100": 0.1, "H200": 0.2}}
`;
    expect(metricsOf(discoverText(text, `${paths}    device_key: H200\n`))).toEqual([
      "x_speed.throughput_qps TUPLES[('H200', 8)]['throughput_qps'] OK",
      "x_speed.rtf_mean OUTSIDE['rtf_mean']['H200'] OK",
    ]);
  });
});

describe('a place that the config names', () => {
  const suite = `from dataclasses import dataclass
import os, pytest
expected_accuracy = 0.7
LIMITS = [0.1, 0.2]
RTF = float(os.environ.get("RTF_LIMIT", "0.68"))
PREFILL = 5000 if DEVICE == "H200" else 4100

@dataclass
class Gate:
    name: str
    low: float = 800.0

GATES = [Gate("alder", 0.7), Gate("birch", low=0.66)]

@pytest.mark.parametrize("model, limit", [("alder", 1.5), ("birch", 2.5)])
def test_oak(model, limit):
    run(model, threshold=0.9)
`;

  test.each([
    ['expected_accuracy', 'expected_accuracy'],
    ['LIMITS[1]', 'LIMITS[1]'],
    ['RTF', 'RTF'],
    ['PREFILL@else', 'PREFILL@else'],
    ['Gate.low', 'Gate.low'],
    ['GATES[0].low', 'GATES[0].low'],
    ['test_oak[birch]::limit', 'test_oak[birch]::limit'],
    ['test_oak[birch-2.5]::limit', 'test_oak[birch]::limit'],
    ['test_oak[#1]::limit', 'test_oak[birch]::limit'],
    ['test_oak::run(threshold)', 'test_oak::run(threshold)'],
  ])('%s is the literal at %s', (place, canonical) => {
    const discovery = discoverText(suite, `${paths}    places: {accuracy: "${place}"}\n`);
    expect(metricsOf(discovery)).toEqual([`x_accuracy.accuracy ${canonical} OK`]);
    expect(discovery.literals[0]?.positions).toHaveLength(1);
  });

  test.each([
    ['PREFILL', /is chosen by a condition|has no literal/],
    ['GATES[2].low', /has no literal in tests\/test_x_ci.py/],
    ['expected_acuracy', /did you mean expected_accuracy\?/],
    ['LIMITS[', /is no place → write one of/],
    ['other.yaml::a.b', /is in other.yaml, but the thresholds of this test are read from/],
  ])('%s is blocked, and its stage cannot be started', (place, reason) => {
    const discovery = discoverText(suite, `${paths}    places: {accuracy: "${place}"}\n`);
    expect(metricsOf(discovery)[0]).toMatch(/^x_accuracy.accuracy .* BLOCKED$/);
    expect(blocked(discovery).join('\n')).toMatch(reason);
  });

  test('stands in for what names would say, which is mentioned', () => {
    const text = `${suite}X_MIN_ACCURACY = 0.5\n`;
    const discovery = discoverText(text, `${paths}    places: {accuracy: "LIMITS[0]"}\n`);
    expect(metricsOf(discovery)).toEqual(['x_accuracy.accuracy LIMITS[0] OK']);
    expect(findings(discovery, 'passed-over').join('\n')).toContain(
      'X_MIN_ACCURACY is left alone: the config names LIMITS[0] for accuracy',
    );
  });

  test('may leave out the row of the device', () => {
    const text = 'perf = {"H100": {"tok": 1}, "H200": {"tok": 2}}\n';
    const discovery = discoverText(
      text,
      `${paths}    device_key: H200\n    places: {throughput_qps: "perf['tok']"}\n`,
    );
    expect(metricsOf(discovery)).toEqual(["x_speed.throughput_qps perf['H200']['tok'] OK"]);
  });

  test('of one variant counts for that variant alone', () => {
    const variants = `    variants:
      fast: {places: {accuracy: "LIMITS[0]"}}
      slow: {places: {accuracy: "LIMITS[1]"}}
`;
    expect(metricsOf(discoverText(suite, `${paths}${variants}`))).toEqual([
      'x_fast_accuracy.accuracy LIMITS[0] NEEDS_CONFIG',
      'x_slow_accuracy.accuracy LIMITS[1] NEEDS_CONFIG',
    ]);
  });
});

describe('conditional literals', () => {
  test.each([
    [
      'if and else',
      'if D:\n    X_RTF_MEAN_MAX = 1\nelif E:\n    X_RTF_MEAN_MAX = 2\nelse:\n    X_RTF_MEAN_MAX = 3\n',
    ],
    ['an expression', 'X_RTF_MEAN_MAX = 1 if D else 2 if E else 3\n'],
  ])('by %s are reported with every branch and not calibrated', (_what, text) => {
    const discovery = discoverText(text, paths);
    expect(discovery.stages).toEqual([]);
    const [message] = findings(discovery, 'not-usable');
    for (const branch of ['1', '2', '3']) {
      expect(message).toMatch(new RegExp(`@\\w+: ${branch}\\b|chosen by a condition .*${branch}`));
    }
    expect(discovery.findings[0]?.remedy).toContain('X_RTF_MEAN_MAX@if');
  });

  test('one branch is calibrated where the config selects it', () => {
    const text = 'if D:\n    X_RTF_MEAN_MAX = 1\nelse:\n    X_RTF_MEAN_MAX = 2\n';
    const discovery = discoverText(text, `${paths}    places: {rtf_mean: "X_RTF_MEAN_MAX@else"}\n`);
    expect(metricsOf(discovery)).toEqual(['x_speed.rtf_mean X_RTF_MEAN_MAX@else OK']);
    expect(discovery.findings.filter(({ kind }) => kind === 'not-usable')).toEqual([]);
  });
});

describe('a literal that is still None', () => {
  const text = 'X_RTF_MEAN_MAX = None\n_P = {"throughput_qps": None}\n';

  test('is reported, and is no gate', () => {
    const discovery = discoverText(text, paths);
    expect(discovery.stages).toEqual([]);
    expect(findings(discovery, 'not-usable').join('\n')).toContain('X_RTF_MEAN_MAX is None');
  });

  test('can be filled when the config says so', () => {
    const discovery = discoverText(text, `${paths}    fill_pending: true\n`);
    expect(metricsOf(discovery)).toEqual([
      'x_speed.rtf_mean X_RTF_MEAN_MAX OK',
      "x_speed.throughput_qps _P['throughput_qps'] OK",
    ]);
    expect(
      discovery.stages.flatMap(({ metrics }) => Object.values(metrics).map(({ pending }) => pending)),
    ).toEqual([true, true]);
  });
});

describe('a default of an environment variable', () => {
  const text = 'import os\nX_RTF_MEAN_MAX = float(os.environ.get("RTF_LIMIT", "0.68"))\n';

  test('is calibrated', () => {
    const discovery = discoverText(text, paths);
    expect(metricsOf(discovery)).toEqual(['x_speed.rtf_mean X_RTF_MEAN_MAX OK']);
    expect(findings(discovery, 'environment-default')).toEqual([]);
  });

  test('is reported where the launch sets the variable', () => {
    const discovery = discoverText(text, `extra_env: {test_x_ci.py: {RTF_LIMIT: "0.9"}}\n${paths}`);
    expect(findings(discovery, 'environment-default')[0]).toMatch(
      /X_RTF_MEAN_MAX is the default of RTF_LIMIT, which the config sets to 0.9: the literal is not the gate/,
    );
  });
});

test('levels by concurrency that nothing chooses among are blocked before a session', () => {
  const text = '_P = {8: {"rtf_mean": 1}, 16: {"rtf_mean": 2}}\n';
  expect(blocked(discoverText(text, paths))[0]).toMatch(/has the keys 8, 16 and no CONCURRENCY/);
  expect(blocked(discoverText(`CONCURRENCY = 4\n${text}`, paths))[0]).toMatch(
    /has no key 4 \(it has 8, 16\)/,
  );
  expect(metricsOf(discoverText(`CONCURRENCY = 16\n${text}`, paths))).toEqual([
    "x_speed.rtf_mean _P['rtf_mean'] OK",
  ]);
});

describe('a YAML file of thresholds', () => {
  const refs = 'acme/alder-8b:\n  - accuracy: 74.20\n  - quant: FP8\n    accuracy: 73.35\nrtf_mean: 0.4\n';

  function discoverData(extra: string): StageDiscovery {
    const bytes = Buffer.from(refs);
    const path = 'tests/refs.yaml';
    const facts = { ...noFacts, literals: listInData(readDataFile(bytes, path), path) };
    return discoverStages({
      config: novaConfig(`${paths}    threshold_file: ${path}\n${extra}`),
      tests: [source('tests/test_x_ci.py', 'def test_x(): pass\n')],
      thresholdFiles: new Map([[path, { path, sha256: 'a'.repeat(64), facts }]]),
      discoveredAt: AT,
    });
  }

  test('gives every metric that its keys name once', () => {
    const discovery = discoverData('');
    expect(metricsOf(discovery)).toEqual([
      'x_accuracy.accuracy refs.yaml::acme/alder-8b[0].accuracy BLOCKED',
      'x_speed.rtf_mean refs.yaml::rtf_mean OK',
    ]);
    expect(blocked(discovery)[0]).toMatch(
      /has 2 literals \(refs.yaml::acme\/alder-8b\[0\].accuracy, .*→ name one under metric_sources.test_x_ci.py.places/,
    );
  });

  test('gives the row that the config names, with or without the file', () => {
    for (const place of ['acme/alder-8b[1].accuracy', 'refs.yaml::acme/alder-8b[1].accuracy']) {
      expect(metricsOf(discoverData(`    places: {accuracy: "${place}"}\n`))).toEqual([
        'x_speed.rtf_mean refs.yaml::rtf_mean OK',
        'x_accuracy.accuracy refs.yaml::acme/alder-8b[1].accuracy OK',
      ]);
    }
  });
});
