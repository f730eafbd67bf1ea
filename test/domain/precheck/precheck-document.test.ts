import { describe, expect, it } from 'vitest';

import {
  checkResult,
  gapText,
  judgeGates,
  renderCheck,
  renderSummary,
} from '../../../src/domain/precheck/checks.ts';
import {
  precheckDocument,
  skippedPrecheckDocument,
  type PrecheckFacts,
} from '../../../src/domain/precheck/precheck-document.ts';
import { shellWord } from '../../../src/domain/precheck/shell-word.ts';

const gap = { message: 'a gap', remedies: ['do this', 'or that'] };
const failed = checkResult({ id: 'pins', lines: ['pins:', 'torch'], errors: [gap], warnings: ['careful'] });
const passed = checkResult({ id: 'git', lines: ['git: main @ 01234567'] });
const idle = checkResult({ id: 'gpus', lines: ['GPUs: none needed'], applies: false });
const git = { sha: 'f'.repeat(40), branch: 'main', dirty: false };
const facts: PrecheckFacts = {
  timestamp: '2026-04-23T05:00:00Z',
  model: 'nova',
  venv_python: '/venv/bin/python',
  venv_source: 'flag',
  versions: { sglang: '1' },
  pins: { sglang: '1' },
  git,
  nvidia_smi_L: '',
  gpu_summary: '2× NVIDIA H20',
  host: null,
  env: {},
  assets: [],
  gpus: [],
  driver: null,
  cuda: null,
  python: '3.11.7',
  capabilities: [],
  runtime: { hostname: 'h', python: null, torch: null, torch_cuda: null, flashinfer: null, env: {} },
  hf_token_set: false,
  session_id: null,
};

describe('lines of a precheck', () => {
  it('begin with the mark, and indent what belongs to a check', () => {
    expect([failed, passed, idle].flatMap(renderCheck)).toEqual([
      '✗ pins:',
      '    torch',
      '✓ git: main @ 01234567',
      '· GPUs: none needed',
    ]);
  });

  it('end with warnings, errors with their commands, and the verdict', () => {
    expect(renderSummary([failed, passed])).toEqual([
      'warning: careful',
      'error: a gap',
      '  → do this',
      '  → or that',
      '',
      'precheck FAILED (1 error(s))',
    ]);
  });

  it('end with OK without an error', () => {
    expect(renderSummary([passed, idle])).toEqual(['', 'precheck OK']);
  });

  it('quote a path that a shell would split', () => {
    expect([shellWord('/a/b-c'), shellWord("it's here")]).toEqual(['/a/b-c', String.raw`'it'\''s here'`]);
  });
});

describe('precheck.json', () => {
  it("has the original's fields first, in their order, then calib's", () => {
    const document = precheckDocument(facts, [passed]);
    expect(Object.keys(document).slice(0, 21)).toEqual([
      'timestamp',
      'model',
      'venv_python',
      'venv_source',
      'versions',
      'pins',
      'git',
      'nvidia_smi_L',
      'gpu_summary',
      'host',
      'ok',
      'errors',
      'warnings',
      'env',
      'assets',
      'gpus',
      'driver',
      'cuda',
      'python',
      'capabilities',
      'gates',
    ]);
  });

  it('carries the verdict and its reasons', () => {
    expect(precheckDocument(facts, [failed, passed])).toMatchObject({
      ok: false,
      errors: ['a gap → do this | or that'],
      warnings: ['careful'],
    });
  });

  it('says that it was skipped, without versions and pins', () => {
    expect(skippedPrecheckDocument(facts)).toMatchObject({ versions: {}, pins: {}, skipped: true, git });
  });

  it('records each gate with the checks behind it', () => {
    const gates = judgeGates([passed, failed, idle]);
    const marks = Object.fromEntries(gates.map(({ gate, mark }) => [gate, mark]));
    expect(marks).toMatchObject({ '0a': '✓', '2': '✗', '4': '·', '8': '✗', '9': '·' });
  });

  it('gives a gap without a command as its message alone', () => {
    expect(gapText({ message: 'a gap', remedies: [] })).toBe('a gap');
  });
});
