import { describe, expect, it } from 'vitest';

import { judgeHost } from '../../../src/domain/precheck/judge-machine.ts';
import { judgeEnvironment, judgeScope, judgeSlice } from '../../../src/domain/precheck/judge-venv.ts';
import type { PrecheckRequirements } from '../../../src/domain/precheck/requirements.ts';
import { makeHost, makeRequirements } from './requirements-fixture.ts';

const entry = (name: string, value: string, source: 'config' | 'host' | 'derived' = 'config') => ({
  name,
  value,
  source,
});

describe('environment', () => {
  it('shows each variable with its source', () => {
    const environment = [entry('HOME', '/h'), entry('HF_HOME', '/hf', 'host')];
    expect(judgeEnvironment({ environment, host: null })).toMatchObject({
      mark: '✓',
      lines: ['environment:', 'auto env: HOME=/h (config)', 'auto env: HF_HOME=/hf (host)'],
    });
  });

  it('refuses an inductor cache outside of the slice', () => {
    const environment = [entry('OMNI_CI_HOME', '/ci'), entry('TORCHINDUCTOR_CACHE_DIR', '/.torchinductor')];
    expect(judgeEnvironment({ environment, host: null }).errors).toEqual([
      {
        message: 'TORCHINDUCTOR_CACHE_DIR=/.torchinductor does not lie under OMNI_CI_HOME=/ci',
        remedies: ["correct auto_env or omni_ci_home in the model's config.yaml"],
      },
    ]);
  });

  it("refuses an HF_HOME that is not the host's", () => {
    const host = makeHost({ hf_hub: '/data/hf' });
    const result = judgeEnvironment({ environment: [entry('HF_HOME', '/other')], host });
    expect(result.errors[0]?.message).toBe("HF_HOME=/other is not the host's physical.hf_hub (/data/hf)");
  });
});

describe('slice directories', () => {
  it('passes two folders that can be written', () => {
    const folders = ['/ci/.cache', '/ci/.torchinductor'].map((path) => ({
      path,
      state: 'writable' as const,
    }));
    expect(judgeSlice(folders).mark).toBe('✓');
  });

  it('prints the command for each gap', () => {
    const result = judgeSlice([
      { path: '/ci home/.cache', state: 'missing' },
      { path: '/ci/.torchinductor', state: 'read-only' },
      { path: '/ci/.file', state: 'not a folder' },
    ]);
    expect(result.errors.flatMap(({ remedies }) => remedies)).toEqual([
      "mkdir -p '/ci home/.cache'",
      'chmod u+rwx /ci/.torchinductor',
      'ls -ld /ci/.file',
    ]);
  });

  it('has nothing to check without OMNI_CI_HOME', () => {
    expect(judgeSlice(null).mark).toBe('·');
  });
});

describe('host profile', () => {
  function judge(requirements: Partial<PrecheckRequirements>, exists: Record<string, boolean> = {}) {
    return judgeHost({
      requirements: makeRequirements(requirements),
      repoRoot: '/repo',
      venvPython: '/venv/bin/python',
      exists,
    });
  }

  it('is an error when none is active and none was declined', () => {
    expect(judge({ host: null, host_declined: false }).errors).toEqual([
      {
        message: "no host profile is active: none was named and none has this machine's hostname",
        remedies: ['name one with --host NAME (calib hosts-list), or say --no-host'],
      },
    ]);
  });

  it('is not needed with --no-host', () => {
    expect(judge({ host: null, host_declined: true })).toMatchObject({ mark: '·', errors: [] });
  });

  it('passes when all of its paths exist', () => {
    const host = makeHost({ repo_root: '/repo', hf_hub: '/hf', omni_ci_home: '/ci' });
    expect(judge({ host }, { '/repo': true, '/hf': true, '/ci': true })).toMatchObject({
      mark: '✓',
      warnings: [],
    });
  });

  it('names the key of each path that does not exist', () => {
    const host = makeHost({ repo_root: '/repo', hf_hub: '/hf' });
    expect(judge({ host }, { '/repo': true }).errors).toEqual([
      {
        message: 'physical.hf_hub of host profile lab does not exist: /hf',
        remedies: ['correct physical.hf_hub in /catalog/hosts/lab.yaml'],
      },
    ]);
  });

  it('only warns about a path that the operator overrode, and that the profile may be stale', () => {
    const host = makeHost({ repo_root: '/old' });
    expect(judge({ host })).toMatchObject({
      mark: '✓',
      warnings: [
        'repo_root of host profile lab does not exist: /old (not used here)',
        '/repo is used instead of repo_root (/old) of host profile lab: it may be stale',
      ],
    });
  });

  it('warns about the speaker-similarity folder where no stage needs it', () => {
    const host = makeHost({ speaker_sim: '/sim' });
    expect([judge({ host }).errors.length, judge({ host }).warnings.length]).toEqual([0, 1]);
  });

  it("warns about the paths of the profile's checklist", () => {
    expect(judge({ host: makeHost({ checklist: ['/x'] }) }).warnings).toEqual([
      'precheck_checklist of host profile lab: /x does not exist',
    ]);
  });
});

describe('scope', () => {
  it("shows the host's handoff", () => {
    const host = makeHost({ goal: 'TTS first', run_dirs: ['/runs/a'] });
    expect(judgeScope('tts', makeRequirements({ host })).lines).toEqual([
      'model: tts',
      'handoff goal: TTS first',
      'handoff run directory: /runs/a',
    ]);
  });

  it('refuses presets that could not be calibrated', () => {
    const requirements = makeRequirements({
      preset_problems: ['preset moss of test_tts_ci.py has no stage'],
    });
    expect(judgeScope('tts', requirements)).toMatchObject({
      mark: '✗',
      errors: [{ remedies: ['calib discover --model tts'] }],
    });
  });
});
