import { readFileSync } from 'node:fs';

import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { type AuditMatrix, matrixFromSnapshot } from '../../../src/domain/audit/matrix.ts';
import { statusDocument } from '../../../src/domain/audit/status-document.ts';
import { matrixFromState, recordOutcome, syncMatrix } from '../../../src/domain/session/matrix.ts';
import { initialState } from '../../../src/domain/session/session-state.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { readRunDirectory } from '../../../src/host/run-directory/stages-copy.ts';
import { writeText } from '../../fixtures/write-text.ts';
import {
  type Launch,
  REPEATS,
  type RepeatModel,
  apply,
  commitLaunch,
  discard,
  expectedSymbol,
  keys,
  launches,
  makeDirectory,
  operations,
  plan,
} from './broken-directory.ts';
import { NAMESPACE } from './run-directory-fixture.ts';
import { propertyRuns } from '../../fixtures/property-runs.ts';

/** A stage that is complete counts only with the others that the same pytest fed. */
function withSiblings(at: RepeatModel, key: (typeof keys)[number]): string {
  const symbol = expectedSymbol(at, key);
  return symbol === '✓' && keys.some((other) => expectedSymbol(at, other) !== '✓') ? '✗' : symbol;
}

/** What an audited matrix says to people; the facts of the moment are the same for both. */
function told(matrix: AuditMatrix) {
  return statusDocument(matrix, {
    run_dir: '/run',
    now: '2026-04-23T06:00:00Z',
    gpus: null,
    gpu_error: null,
    run_log: '',
    state: 'calibrating',
    active: null,
    halt: null,
    budget: null,
    eta_s: null,
  });
}

const offline = async (runDir: string) => told(matrixFromSnapshot(await readRunDirectory(runDir)));

test.each(Object.keys(launches))(
  'a session and its directory say the same of a launch that was %s',
  async (name) => {
    const runDir = makeDirectory();
    const state = initialState(plan, '2026-04-23T05:00:00Z');
    const launch = launches[name] as Launch;

    const cells = await commitLaunch(runDir, 2, launch);
    const facts = { cells, launches: 1, duration_s: 1, lane: null };
    const outcome = { kind: 'incomplete' as const, reason: 'x', ...facts };
    recordOutcome(state, { namespace: NAMESPACE, repeat: 2 }, outcome);

    expect(told(matrixFromState(plan, state))).toEqual(await offline(runDir));
  },
);

test('a record that replaces a foreign one takes its findings with it', async () => {
  const runDir = makeDirectory();
  const state = initialState(plan, '2026-04-23T05:00:00Z');
  await commitLaunch(runDir, 1, launches['good'] as Launch);
  writeText(runPaths.observation(runDir, 'nova_wer', 1), readText(runDir, 'nova_wer').replace('0.5', '0.9'));
  syncMatrix(plan, state, await diskAudit(runDir));
  expect(told(matrixFromState(plan, state)).git_provenance.ok).toBe(false);

  await discard(runDir, 1);
  const cells = await commitLaunch(runDir, 1, launches['good'] as Launch, 2);
  recordOutcome(
    state,
    { namespace: NAMESPACE, repeat: 1 },
    { kind: 'complete', cells, launches: 1, duration_s: 1, lane: null },
  );

  expect(told(matrixFromState(plan, state))).toEqual(await offline(runDir));
});

function readText(runDir: string, stage: string): string {
  return readFileSync(runPaths.observation(runDir, stage, 1), 'utf8');
}

async function diskAudit(runDir: string) {
  const matrix = matrixFromSnapshot(await readRunDirectory(runDir));
  return {
    cells: Object.fromEntries(matrix.stages.map((stage) => [stage.stage_key, stage.cells])),
    provenance: matrix.provenance,
  };
}

test('whatever is committed, discarded and broken, the audit says what stands, and a session that reads it agrees', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operations, { maxLength: 12 }), async (sequence) => {
      const runDir = makeDirectory();
      const model = Array.from({ length: REPEATS }, (): RepeatModel => ({ files: {}, marker: null }));
      for (const operation of sequence) await apply(runDir, model, operation);

      const audited = await offline(runDir);
      expect(audited.strict.map(({ cells }) => cells)).toEqual(
        keys.map((key) => model.map((at) => withSiblings(at, key))),
      );
      const state = initialState(plan, '2026-04-23T05:00:00Z');
      syncMatrix(plan, state, await diskAudit(runDir));
      expect(told(matrixFromState(plan, state))).toEqual(audited);
    }),
    { numRuns: propertyRuns(30) },
  );
});

test('a reader sees the old or the new of a repeat that is being recorded, never half of one', async () => {
  const runDir = makeDirectory();
  const seen = new Set<string>();
  const writing = { done: false };
  const reader = (async () => {
    while (!writing.done) {
      const { strict, git_provenance } = await offline(runDir);
      for (const { cells, reasons } of strict) seen.add(`${cells[0] ?? ''} ${reasons[0] ?? ''}`);
      expect(git_provenance.ok).toBe(true);
    }
  })();
  for (let attempt = 1; attempt <= 15; attempt += 1) {
    await commitLaunch(runDir, 1, launches['good'] as Launch, attempt);
    await discard(runDir, 1);
  }
  writing.done = true;
  await reader;

  const reason = 'uncommitted: recording was interrupted before its commit marker was written';
  // Files are read one after the other: a repeat that is being discarded meanwhile is invalid, never half valid.
  const invalid = new RegExp(`^✗ the repeat is invalid: \\w+: (missing file|${reason})$`);
  const allowed = ['✓ ', '— missing file', `— ${reason}`];
  expect([...seen].filter((cell) => !allowed.includes(cell) && !invalid.test(cell))).toEqual([]);
});
