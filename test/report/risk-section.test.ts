import { expect, test } from 'vitest';

import { sessionRisk } from '../../src/domain/risk/session-risk.ts';
import { renderReports } from '../../src/report/render-reports.ts';
import { oneIn } from '../../src/report/risk-text.ts';
import { makeFacts } from './report-fixture.ts';

function rendered(withRisk: boolean): { markdown: string; html: string } {
  const { snapshot } = makeFacts();
  const gates = { kind: 'unknown', reason: 'no <checkout>' } as const;
  const risk = sessionRisk({ snapshot, gates, attempts: 1, suiteTarget: 0.05 });
  const reports = renderReports(makeFacts(withRisk ? { risk } : {}), null);
  if (reports.kind === 'refused') throw new Error(reports.reason);
  return reports;
}

test('the risk is one section more after the stages of report.md; the rest stays as it is', () => {
  const [without, markdown] = [rendered(false).markdown, rendered(true).markdown];
  const start = markdown.indexOf('## Gate risk');
  const end = markdown.indexOf('## Discarded repeats');
  expect(markdown.slice(0, start) + markdown.slice(end)).toBe(without);
  expect(markdown.slice(start, end)).toContain('no &lt;checkout&gt;');
});

test('the risk stands once in report.html, before the stages', () => {
  const { html } = rendered(true);
  expect(html.split('<h2>Gate risk</h2>')).toHaveLength(2);
  expect(html.indexOf('id="risk"')).toBeLessThan(html.indexOf('id="stage-1"'));
  expect(html).toContain('no &lt;checkout&gt;');
});

test('chances are said as one in so many, never as nothing', () => {
  expect([1, 0.5, 1 / 6, 0.0046, 1e-300].map(oneIn)).toEqual([
    'every time',
    '5 in 10',
    '1 in 6',
    '1 in 217',
    'less than 1 in 10,000',
  ]);
});
