import { expect, test } from 'vitest';

import { publishedFiles } from '../../src/domain/publish/publish.ts';
import { commitMessage, pullRequestText, type PublishFacts } from '../../src/report/publish-text.ts';
import { makePlan, makeStage } from '../domain/audit/snapshot-fixture.ts';
import { makeApplied, makeChange } from '../domain/publish/applied-fixture.ts';
import { makeFacts } from './report-fixture.ts';

const throughput = makeChange({
  stage_key: 'nova_speed',
  metric_key: 'throughput_qps',
  source: "_NOVA_P95['throughput_qps']",
  symbol: '_NOVA_P95',
  subkey: 'throughput_qps',
  concurrency: 8,
  line: 7,
  column: 27,
  old_text: '4.2',
  new_text: '4.0',
  old_value: 4.2,
  new_value: 4,
  worst_raw: 3.9,
  per_run_raw: [3.9, 4.5, 4.41],
  custom: true,
  stricter_than_observed: true,
});

const applied = makeApplied({
  changes: [makeChange(), throughput, { ...throughput, stage_key: 'nova_stream_speed' }],
  decide: { 'nova_speed.throughput_qps': '4.0!' },
  warnings: ['nova_speed.rtf_mean is skipped: two keys'],
});

function facts(overrides: Partial<PublishFacts> = {}): PublishFacts {
  return {
    plan: makePlan([makeStage()], { hostname: 'h20-1', host: 'h20', calib_version: '0.1.0', dirty: true }),
    applied,
    precheck: makeFacts().precheck,
    evidence: makeFacts().evidence,
    files: publishedFiles(applied, null),
    runDir: '/checkout/.tune-runs/20260423T050000Z_nova',
    ...overrides,
  };
}

test('the commit message names every literal once, and the session', async () => {
  await expect(commitMessage(facts())).toMatchFileSnapshot('../fixtures/reports/commit-message.txt');
});

test('the pull-request text has summary, evidence per literal, environment and policy', async () => {
  await expect(pullRequestText(facts())).toMatchFileSnapshot('../fixtures/reports/pull-request.md');
});

test('an apply that changed nothing, and patterns that nobody asked for, are said so', () => {
  const text = pullRequestText(facts({ applied: makeApplied({ changes: [] }), evidence: [] }));
  expect(text).toContain('No literal had to be changed.');
  expect(text).toContain('names no patterns');
});

test('what a fresh clone would lack is listed, and nothing where it lacks nothing', () => {
  const missing = ['/srv/catalog/models/nova-v1/config.yaml lies outside the repository'];
  expect(pullRequestText(facts({ missing }))).toContain(
    '## Not in the repository\n\nA fresh clone lacks:\n\n- /srv/catalog/models/nova-v1/config.yaml lies outside the repository\n\n## Tests',
  );
  expect(pullRequestText(facts({ missing: [] }))).not.toContain('Not in the repository');
});

test('an environment that was forced is not passed over', () => {
  const forced = { at: '', identity_sha256: 'b'.repeat(64), differences: ['driver: 1 → 2'] };
  const plan = makePlan([makeStage()], { forced_environments: [forced] });
  expect(pullRequestText(facts({ plan }))).toContain('- **Another environment was forced**: driver: 1 → 2');
});

test('a check that failed or never ran is not passed over', () => {
  const check = { ok: false, at: '', stages_yaml: null, lines: ['nova_accuracy.accuracy reads 0.5'] };
  expect(pullRequestText(facts({ applied: makeApplied({ check }) }))).toContain(
    '- **check failed** nova_accuracy.accuracy reads 0.5',
  );
  expect(pullRequestText(facts({ applied: makeApplied({ check: null }) }))).toContain('has not checked');
});
