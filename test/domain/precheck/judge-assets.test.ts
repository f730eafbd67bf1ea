import { describe, expect, it } from 'vitest';

import { judgeAssets, type AssetFact, type AssetsQuestion } from '../../../src/domain/precheck/assets.ts';

const cached = (kind: AssetFact['kind'], id: string, required = true): AssetFact => ({
  id,
  kind,
  required,
  cached: true,
  revision: 'a1b2c3d4e5',
  problem: null,
  unfinished: [],
});
const missing = (kind: AssetFact['kind'], id: string, required = true): AssetFact => ({
  id,
  kind,
  required,
  cached: false,
  revision: null,
  problem: 'not in the cache',
  unfinished: [],
});

function judge(assets: AssetFact[], more: Partial<AssetsQuestion> = {}) {
  return judgeAssets({
    scope: 'stages',
    assets,
    unlistedDatasets: [],
    hubDir: '/hf/hub',
    hubSetting: 'HF_HOME=/hf from config',
    hostName: null,
    hfHome: '/hf',
    endpoint: 'https://mirror.example',
    hfTokenSet: false,
    ...more,
  });
}

describe('models and datasets', () => {
  it('lists the required ones with their revision, then the rest', () => {
    const assets = [
      cached('model', 'acme/m'),
      cached('dataset', 'acme/d'),
      cached('model', 'acme/other', false),
      missing('dataset', 'acme/rest', false),
    ];
    expect(judge(assets)).toMatchObject({
      mark: '✓',
      lines: [
        'assets (required for selected stages, 1 dataset(s)):',
        '✓ model: acme/m (revision a1b2c3d4)',
        '✓ dataset: acme/d (revision a1b2c3d4)',
        'other models (not needed for this run):',
        '✓ model: acme/other (revision a1b2c3d4)',
        'other datasets (not needed for this run):',
        '· dataset: acme/rest (not in the cache)',
      ],
    });
  });

  it('gives one error for all gaps, saying where it searched and that no profile is active, with a command each', () => {
    const { mark, errors } = judge([missing('model', 'acme/m'), missing('dataset', 'acme/d')]);
    expect(mark).toBe('✗');
    expect(errors).toEqual([
      {
        message:
          'missing: model acme/m (not in the cache), dataset acme/d (not in the cache); searched /hf/hub ' +
          '(HF_HOME=/hf from config; no host profile is active); HF_TOKEN, which private repositories need, is not set here',
        remedies: [
          'HF_HOME=/hf HF_ENDPOINT=https://mirror.example huggingface-cli download acme/m',
          'HF_HOME=/hf HF_ENDPOINT=https://mirror.example huggingface-cli download acme/d --repo-type dataset',
          'if https://mirror.example does not answer: the same with HF_ENDPOINT=https://huggingface.co',
        ],
      },
    ]);
  });

  it("prints the hub's own endpoint, and no fallback, where none is configured", () => {
    const [gap] = judge([missing('model', 'acme/m')], { endpoint: null, hfHome: null }).errors;
    expect(gap?.remedies).toEqual(['HF_ENDPOINT=https://huggingface.co huggingface-cli download acme/m']);
  });

  it('says how to get rid of the rest of a download that was given up', () => {
    const [gap] = judge([{ ...missing('model', 'acme/m'), unfinished: ['/hf/hub/x.incomplete'] }]).errors;
    expect(gap?.remedies.at(-1)).toBe(
      'if that leaves it unfinished and no download runs: rm /hf/hub/x.incomplete',
    );
  });

  it('announces datasets that the config does not list', () => {
    const { lines } = judge([cached('dataset', 'acme/d')], { unlistedDatasets: ['acme/d'] });
    expect(lines).toContain(
      'note: test(s) reference repo(s) not listed in config.yaml hf_datasets: [acme/d]',
    );
  });

  it('calls the standalone list what it is', () => {
    expect(judge([cached('model', 'acme/m')], { scope: 'configured' }).lines[0]).toBe(
      'assets (all datasets):',
    );
  });

  it('has nothing to check for a suite without hub repositories', () => {
    expect(judge([])).toMatchObject({ mark: '·', errors: [] });
  });
});
