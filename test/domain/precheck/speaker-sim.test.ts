import { describe, expect, it } from 'vitest';

import {
  judgeSpeakerSim,
  speakerSimProblem,
  type SpeakerSimFacts,
  type SpeakerSimQuestion,
} from '../../../src/domain/precheck/speaker-sim.ts';

const large = 200 * 1024 * 1024;
const sizes = { 'wavlm_large.pt': large, 'wavlm_large_finetune.pth': large };
const files = {
  'wavlm_large.pt': { size: large, repo_id: 'a/b' },
  'wavlm_large_finetune.pth': { size: large, repo_id: 'a/b' },
};
const marker = (more: object = {}) => JSON.stringify({ schema_version: 2, files, ...more });
const facts = (more: Partial<SpeakerSimFacts> = {}): SpeakerSimFacts => ({
  dir: '/sim',
  marker: marker(),
  sizes,
  ...more,
});

describe('speaker-similarity assets', () => {
  it('are there when the marker records both files with their sizes', () => {
    expect(speakerSimProblem(facts())).toBeNull();
  });

  it('are there with a marker that is no JSON, as long as the files are large enough', () => {
    expect(speakerSimProblem(facts({ marker: 'done\n' }))).toBeNull();
  });

  it.each<[string, Partial<SpeakerSimFacts>, string]>([
    ['no marker', { marker: null }, 'missing .complete — run speaker_similarity_assets --warm-cache'],
    ['no first file', { sizes: { ...sizes, 'wavlm_large.pt': null } }, 'missing wavlm_large.pt'],
    [
      'no second file',
      { sizes: { ...sizes, 'wavlm_large_finetune.pth': null } },
      'missing wavlm_large_finetune.pth',
    ],
    [
      'a truncated file',
      { sizes: { ...sizes, 'wavlm_large.pt': 100 * 1024 * 1024 - 1 } },
      'wavlm_large.pt too small (truncated?)',
    ],
    [
      'an old marker',
      { marker: marker({ schema_version: 1 }) },
      '.complete has schema_version 1, expected 2',
    ],
    [
      'a marker of one file',
      { marker: marker({ files: { 'wavlm_large.pt': { size: large } } }) },
      '.complete records wavlm_large.pt, expected wavlm_large.pt, wavlm_large_finetune.pth',
    ],
    [
      'a size that differs from the marker',
      { sizes: { ...sizes, 'wavlm_large_finetune.pth': large + 1 } },
      'wavlm_large_finetune.pth is not the size that .complete records',
    ],
  ])('are refused with %s', (_what, more, problem) => {
    expect(speakerSimProblem(facts(more))).toBe(problem);
  });

  function judge(more: Partial<SpeakerSimQuestion> = {}) {
    return judgeSpeakerSim({
      asked: { required: true, host_command: false, hf_token_hint: null },
      facts: facts(),
      repoRoot: '/repo',
      venvPython: '/venv/bin/python',
      hostFile: null,
      hfTokenSet: false,
      ...more,
    });
  }

  it('are shown with both names when they are there', () => {
    expect(judge()).toMatchObject({
      mark: '✓',
      lines: ['speaker_sim: /sim (wavlm_large.pt + wavlm_large_finetune.pth)'],
    });
  });

  it("come with the bootstrap's command, the host's own and the hint where the token comes from", () => {
    const asked = { required: true, host_command: true, hf_token_hint: 'ask the team' };
    const { errors } = judge({ facts: facts({ marker: null }), asked, hostFile: '/hosts/h.yaml' });
    expect(errors[0]?.remedies).toEqual([
      'cd /repo && SEEDTTS_SIM_CACHE_DIR=/sim /venv/bin/python -m benchmarks.metrics.speaker_similarity_assets --warm-cache',
      "or the host's own: speaker_similarity_bootstrap.warm_cache.command in /hosts/h.yaml",
      'HF_TOKEN: ask the team',
    ]);
  });

  it('are no gap where no selected stage needs them', () => {
    const asked = { required: false, host_command: false, hf_token_hint: null };
    expect(judge({ facts: facts({ marker: null }), asked })).toMatchObject({ mark: '·', errors: [] });
  });

  it('cannot be required without a directory', () => {
    expect(judge({ facts: null }).mark).toBe('✗');
  });
});
