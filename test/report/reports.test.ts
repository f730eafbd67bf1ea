import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';

import type { Plan } from '../../src/domain/session/session-plan.ts';
import { compareRuns, droppedMetrics } from '../../src/domain/comparison/compare-runs.ts';
import { insertAppliedChanges } from '../../src/report/applied-changes.ts';
import { comparisonSection, type ComparisonFacts } from '../../src/report/comparison-section.ts';
import { htmlReport } from '../../src/report/html-report.ts';
import { markdownReport } from '../../src/report/markdown-report.ts';
import { renderReports } from '../../src/report/render-reports.ts';
import { makeMetric, makeSnapshot, makeStage, recorded } from '../domain/audit/snapshot-fixture.ts';
import { makeFacts } from './report-fixture.ts';

function rendered(facts = makeFacts()): { markdown: string; html: string } {
  const reports = renderReports(facts, null);
  if (reports.kind === 'refused') {
    throw new Error(reports.reason);
  }
  return reports;
}

describe('the Markdown report', () => {
  test('reads line by line as specified', async () => {
    await expect(rendered().markdown).toMatchFileSnapshot('../fixtures/reports/report.md');
  });

  test('keeps the applied changes of the report that it replaces', () => {
    const section = '## Applied changes\n\n| kept |\n\n';
    const before = insertAppliedChanges(rendered().markdown, section);
    const again = markdownReport(makeFacts({ now: '2026-04-24T00:00:00Z' }), before);
    expect(again).toContain(`${section}## Provenance`);
  });

  test('compares efficiency with what CI measured, in Markdown as in HTML', () => {
    const { snapshot } = makeFacts();
    const stage = snapshot.stages.find(({ group }) => group === 'speed');
    const metrics = Object.keys(stage?.metrics ?? {});
    const ci = {
      source: 'ci/last.json',
      metrics: Object.fromEntries(metrics.map((metric) => [`${stage?.key}.${metric}`, [1, 1]])),
    };
    const { markdown, html } = rendered(makeFacts({ ci }));
    const section = markdown.slice(markdown.indexOf('## Against CI'), markdown.indexOf('## Discarded'));
    for (const metric of metrics) expect(section).toContain(`| ${stage?.key}.${metric} |`);
    expect(section).toContain('needs a decision');
    expect(html).toContain('Against CI');
    expect(rendered().markdown).not.toContain('Against CI');
  });

  test('says how pytest ended where it crashed after its results and the repeat counts', () => {
    const snapshot = structuredClone(makeFacts().snapshot);
    const cell = Object.values(snapshot.cells)
      .flat()
      .find((file) => file.kind === 'recorded' && file.observation.attempt_history !== undefined);
    if (cell?.kind !== 'recorded') throw new Error('no record with attempts');
    Object.assign(cell.observation.attempt_history?.[0] ?? {}, {
      after_results: 'SIGABRT after the results',
    });
    const { markdown, html } = rendered(makeFacts({ snapshot }));
    const line = 'SIGABRT after the results; every stage was measured in full, so it counts';
    expect(markdown).toContain(`run 1: ${line}`);
    expect(html).toContain(line);
  });

  test('shows a branch that is named like a tag, in Markdown as in HTML', () => {
    const snapshot = { ...makeFacts().snapshot };
    snapshot.plan = { ...snapshot.plan, git_branch: 'x/<img/src=x/onerror=alert(1)>\u202e' };
    const { markdown, html } = rendered(makeFacts({ snapshot }));
    expect(markdown).toContain(String.raw`**Branch:** x/&lt;img/src=x/onerror=alert(1)>\u202e`);
    expect(html).toContain(String.raw`x/&lt;img/src=x/onerror=alert(1)&gt;\u202e`);
    expect([markdown, html].join('')).not.toMatch(/<img|\u202e/);
  });

  test('names the environment, and each other one that was forced', () => {
    const forced = {
      at: '2026-04-24T00:00:00Z',
      identity_sha256: 'b'.repeat(64),
      differences: ['driver: 1 → 2'],
    };
    const snapshot = { ...makeFacts().snapshot };
    snapshot.plan = { ...snapshot.plan, forced_environments: [forced] };
    const { markdown, html } = rendered(makeFacts({ snapshot, environment_identity: 'a'.repeat(64) }));
    expect(markdown).toContain(
      '- Environment: `aaaaaaaaaaaa` (`environment.json`)\n' +
        '- **Another environment was forced** (`--force-environment`, 2026-04-24T00:00:00Z, `bbbbbbbbbbbb`): driver: 1 → 2\n',
    );
    expect(html).toContain('<strong>Another environment was forced</strong>');
  });

  test('has no section on evidence where the model asks for none', () => {
    expect(markdownReport(makeFacts({ evidence: [] }), null)).not.toContain('Evidence');
  });

  test('of an original directory prints a question mark for what is not recorded', () => {
    const snapshot = makeSnapshot({
      plan: {
        venv_python: undefined,
        venv_source: undefined,
        git_branch: undefined,
        tune_version: undefined,
      },
    });
    const text = markdownReport(makeFacts({ snapshot, precheck: null, discarded: [] }), null);
    expect(text.slice(text.indexOf('## Provenance')).split('\n').slice(4, 9)).toEqual([
      '- Branch: ?',
      '- Calibration started: 2026-04-23T05:00:00Z',
      '- Venv Python: ? (?)',
      '- sglang ? · torch ?',
      '- GPU: ?',
    ]);
    expect(text).toContain('- tune-ci-thresholds v?');
  });

  test('names the original tool only for a directory that it made, also one that calib continued', () => {
    const text = (plan: Partial<Plan>) =>
      markdownReport(makeFacts({ snapshot: makeSnapshot({ plan }) }), null);
    const tool = '- tune-ci-thresholds v0.6.0';
    const versions = { tune_version: '0.6.0', calib_version: '0.1.0' };
    const resumed = { ...versions, last_resume_at: '2026-04-24T05:00:00Z' };
    expect(text({ tune_version: '0.6.0' })).toContain(tool);
    expect(text(resumed)).toContain(`${tool}\n- calib v0.1.0`);
    expect(text(versions)).not.toContain(tool);
    expect(text({ ...resumed, made_by: 'calib' })).not.toContain(tool);
  });

  test('writes WER as the abbreviation that it is, in headings of either report', () => {
    const stages = [makeStage({ title: 'MMSU Wer' })];
    const facts = makeFacts({ snapshot: makeSnapshot({ stages }) });
    const text = markdownReport(facts, null);
    expect(text).toContain('## 1. MMSU WER\n');
    expect(htmlReport(facts, text)).toContain('<h2>1. MMSU WER</h2>');
  });

  test('of a suite without GPUs names the CPU in their place', () => {
    const unit = { namespace: 'test_nova_ci', test: 'tests/ci/test_nova_ci.py', env: {}, pytest_args: [] };
    const snapshot = makeSnapshot({ plan: { units: [{ ...unit, gpus: 0, stages: ['nova_accuracy'] }] } });
    const text = markdownReport(makeFacts({ snapshot, cpu_model: 'AMD EPYC 9754' }), null);
    expect(text).toContain('- GPU: none used, CPU (AMD EPYC 9754)');
    expect(text).toContain('— CPU (AMD EPYC 9754), ');
  });

  test('shows the session commit also for an old plan, and that the precheck was skipped', () => {
    const snapshot = makeSnapshot({ plan: { precheck_skipped: true, calibration_git_sha: '' } });
    const text = markdownReport(makeFacts({ snapshot }), null);
    expect(text).toContain(`**Calibration commit:** \`${snapshot.plan.git_sha ?? ''}\``);
    expect(text).toContain('- Precheck: **skipped**');
  });

  test('names a metric without a path below its table', () => {
    const stage = makeStage({
      metrics: {
        accuracy: makeMetric(),
        rtf_mean: makeMetric({ json_path: null, display: { label: 'RTF mean', scale: 1, digits: 4 } }),
      },
    });
    const cells = { nova_accuracy: [recorded({ metrics: { accuracy: 0.5, rtf_mean: null } })] };
    const snapshot = makeSnapshot({ stages: [stage], cells, plan: { repeats: 1 } });
    const text = markdownReport(makeFacts({ snapshot }), null);
    expect(text).toContain('| 1 | 5 | 5 | 50.00 | N/A |');
    expect(text).toContain('> ⚠ RTF mean: no json_path in stages.yaml');
  });

  test('is refused for a session that is not ready, whoever asks', () => {
    const cells = { nova_accuracy: [recorded(), { kind: 'missing' } as const, recorded()] };
    expect(renderReports(makeFacts({ snapshot: makeSnapshot({ cells }) }), null)).toEqual({
      kind: 'refused',
      reason: [
        'refusing report — strict audit incomplete (0/1 stages strict-ready)',
        '  nova_accuracy: ✓—✓ (2/3)',
      ].join('\n'),
    });
  });
});

describe('the HTML report', () => {
  const { html } = rendered();
  const { document } = parseHTML(html);

  test('is one file without scripts and without anything to fetch', () => {
    expect(html).not.toMatch(/<script|<link|<img|@import|url\((?!#)|src=/);
    expect(
      html.match(/https?:\/\/[^"\s<]+/g)?.filter((url) => !url.startsWith('http://www.w3.org/')) ?? [],
    ).toEqual([]);
  });

  test('has a plot and beside it a table for every metric', () => {
    const panels = [...document.querySelectorAll('.metric')];
    expect(panels).toHaveLength(3);
    expect(panels.map((panel) => panel.querySelectorAll('svg').length)).toEqual([1, 1, 1]);
    expect(panels.map((panel) => panel.querySelectorAll('tbody tr').length)).toEqual([5, 5, 5]);
  });

  test('every mark says what it is', () => {
    const titles = [...document.querySelectorAll('#stage-1 svg title')].map((title) => title.textContent);
    expect(titles).toEqual([
      'worst: 56.12',
      'current: 50.00',
      'repeat 1: 56.12',
      'repeat 2: 60.00',
      'repeat 3: 58.00',
    ]);
  });

  test('follows dark and light by the page’s variables', () => {
    expect(html).toContain('prefers-color-scheme: dark');
    expect(html).toContain('stroke="var(--worst)"');
  });

  test('says everything else in the Markdown’s words', () => {
    const headings = [...document.querySelectorAll('h2')].map((heading) => heading.textContent);
    expect(headings).toEqual([
      '1. NOVA Accuracy',
      '2. NOVA STREAM Speed',
      '3. Docs smoke',
      'Discarded repeats',
      'Sample scope',
      'Run conditions',
      'Evidence in the logs',
      'Provenance',
    ]);
    expect(document.body.textContent).toContain('crashed (CUDA | error)');
  });

  test('text from a repository cannot become markup', () => {
    const facts = makeFacts();
    const [first] = facts.snapshot.stages;
    if (first !== undefined) {
      first.title = '<script>alert(1)</script>';
    }
    expect(rendered(facts).html).not.toContain('<script>');
  });
});

describe('changes since the previous calibration', () => {
  const runs = (...values: number[]) => values.map((accuracy) => recorded({ metrics: { accuracy } }));
  const before = makeSnapshot({
    stages: [makeStage(), makeStage({ key: 'nova_old' })],
    cells: { nova_accuracy: runs(0.5, 0.6, 0.55) },
  });
  const facts: ComparisonFacts = {
    before: { commit: 'a'.repeat(40), run_dir: '.tune-runs/old', repeats: 3 },
    after: { commit: 'b'.repeat(40), run_dir: '.tune-runs/new', repeats: 5 },
    metrics: compareRuns(before, makeSnapshot()),
    dropped: droppedMetrics(before, makeSnapshot()),
    log: 'abc1234 Cache the encoder',
    stat: null,
    absent: [],
  };
  const section = comparisonSection(facts);

  test('names both sessions, and what is no longer measured', () => {
    expect(section.split('\n').slice(2, 5)).toEqual([
      `- Previous: \`${'a'.repeat(40)}\` (\`.tune-runs/old\`, 3 repeats)`,
      `- This: \`${'b'.repeat(40)}\` (\`.tune-runs/new\`, 5 repeats)`,
      '- No longer measured: nova_old.accuracy',
    ]);
  });

  test('compares worst values and spreads under the kind of metric', () => {
    expect(section).toContain('### Accuracy and quality');
    expect(section).not.toContain('### Speed');
    expect(section).toContain(
      '| nova_accuracy | Acc (%) | 50.00 | 56.00 | +12.0% | better | 60.00–50.00 → 56.00–56.00 |',
    );
  });

  test('a commit that the checkout does not have is named', () => {
    const text = comparisonSection({ ...facts, log: null, absent: ['a'.repeat(40)] });
    expect(text).toContain(`\`\`\`\`\nthis checkout has no commit ${'a'.repeat(40)}\n\`\`\`\``);
  });

  test('shows git’s output as it is, and says so where git could not tell', () => {
    expect(section).toContain('````\nabc1234 Cache the encoder\n````');
    expect(section).toContain('````\ngit could not tell\n````');
  });

  test('stays when the report is written again, and gives way to a newer one', () => {
    const first = markdownReport(makeFacts({ extra_sections: [section] }), null);
    expect(markdownReport(makeFacts(), first)).toBe(first);
    const newer = comparisonSection({ ...facts, dropped: [] });
    expect(markdownReport(makeFacts({ extra_sections: [newer] }), first)).not.toContain('No longer measured');
  });

  test('stands before the provenance and as preformatted text in HTML', () => {
    const { markdown, html } = rendered(makeFacts({ extra_sections: [section] }));
    expect(markdown.indexOf('## Changes since')).toBeLessThan(markdown.indexOf('## Provenance'));
    expect(html).toContain('<pre class="scroll"><code>abc1234 Cache the encoder</code></pre>');
  });
});
