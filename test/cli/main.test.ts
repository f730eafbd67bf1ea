import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { modelYaml } from '../host/catalog/model-yaml.ts';
import { runCalib } from './run-calib.ts';

const catalogFiles = {
  'models/nova/config.yaml': modelYaml('nova', 'description: A test\n'),
  'models/alpha/config.yaml': modelYaml('alpha'),
  'hosts/box.yaml': 'name: The box\nhostname: box\nrepo_root: /repo\n',
};

describe('the command line', () => {
  it('prints help and exits 2 when no command is given', async () => {
    const { exitCode, stdout, stderr } = await runCalib([]);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: calib');
    expect(stderr).toContain('models-list');
  });

  it('prints help on stdout and exits 0 for --help', async () => {
    const { exitCode, stdout } = await runCalib(['--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('stages-list');
  });

  it('exits 2 for an unknown command, with a suggestion and no stack trace', async () => {
    const { exitCode, stderr } = await runCalib(['model-list']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("unknown command 'model-list'");
    expect(stderr).toContain('Did you mean models-list?');
    expect(stderr).not.toContain('    at ');
  });

  it('exits 2 for an unknown option', async () => {
    const { exitCode, stderr } = await runCalib(['models-list', '--bogus']);
    expect([exitCode, stderr.split('\n')[0]]).toEqual([2, "error: unknown option '--bogus'"]);
  });

  it('exits 2 and says so for a shared option without its value', async () => {
    const { exitCode, stderr } = await runCalib(['models-list', '--model']);
    expect([exitCode, stderr.split('\n')[0]]).toEqual([2, "error: option '--model <name>' argument missing"]);
  });

  it('exits 2 for an unknown model, saying what to do', async () => {
    const catalog = temporaryFolder(catalogFiles);
    const { exitCode, stdout, stderr } = await runCalib([
      'stages-list',
      '--catalog',
      catalog,
      '--model',
      'novu',
    ]);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /^error: unknown model "novu": .*; known models: alpha, nova\n {2}→ did you mean nova\?$/,
    );
  });

  it('exits 2 without a checkout to discover in, and without recorded stages', async () => {
    const catalog = temporaryFolder(catalogFiles);
    const place = ['--catalog', catalog, '--repo-root', join(catalog, 'none'), '--model', 'nova'];
    const { exitCode, stderr } = await runCalib(['stages-list', ...place]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('no checkout to discover the stages of nova in');
    expect(stderr).toContain('--repo-root DIR');
  });

  it('needs no --model where the catalog has one, and names them where it has several', async () => {
    const one = temporaryFolder({ 'models/alpha/config.yaml': catalogFiles['models/alpha/config.yaml'] });
    const where = ['--repo-root', join(one, 'none')];
    const single = await runCalib(['stages-list', '--catalog', one, ...where]);
    expect(single.stderr).toContain('the stages of alpha');
    const several = await runCalib(['stages-list', '--catalog', temporaryFolder(catalogFiles), ...where]);
    expect(several.exitCode).toBe(2);
    expect(several.stderr).toContain('add --model NAME, one of: alpha, nova');
  });

  it('finds the catalog that a checkout brings, and says so in one line', async () => {
    const root = temporaryFolder({
      'calib/models/alpha/config.yaml': catalogFiles['models/alpha/config.yaml'],
    });
    const { stdout, stderr } = await runCalib(['models-list', '--repo-root', root]);
    expect(stdout).toBe('alpha');
    expect(stderr).toMatch(/^catalog: .*\/calib \(in the checkout\); hosts: .* \(shipped with calib\)$/);
  });

  it('takes shared options before and after the subcommand, and the catalog from CALIB_CATALOG', async () => {
    const catalog = temporaryFolder(catalogFiles);
    const runs = await Promise.all([
      runCalib(['--catalog', catalog, 'models-list']),
      runCalib(['models-list', '--catalog', catalog]),
      runCalib(['models-list'], { env: { CALIB_CATALOG: catalog } }),
    ]);
    expect(runs).toEqual(
      Array.from({ length: 3 }, () => ({ exitCode: 0, stdout: 'alpha\nnova', stderr: '' })),
    );
  });
});

describe('models-list and hosts-list', () => {
  it('prints names without reading any config', async () => {
    const catalog = temporaryFolder({ 'models/broken/config.yaml': '[', 'hosts/broken.yaml': '[' });
    const models = await runCalib(['models-list', '--catalog', catalog]);
    const hosts = await runCalib(['hosts-list', '--catalog', catalog]);
    expect([models, hosts]).toEqual([
      { exitCode: 0, stdout: 'broken', stderr: '' },
      { exitCode: 0, stdout: 'broken', stderr: '' },
    ]);
  });

  it('prints models with description and stage count as JSON', async () => {
    const catalog = temporaryFolder(catalogFiles);
    const { stdout } = await runCalib(['models-list', '--json', '--catalog', catalog]);
    expect(JSON.parse(stdout)).toEqual([
      { name: 'alpha', description: null, hf_model_id: 'acme/alpha', stage_count: null },
      { name: 'nova', description: 'A test', hf_model_id: 'acme/nova', stage_count: null },
    ]);
  });

  it('names the active host on stderr for stages-list, so that its JSON stays whole', async () => {
    const catalog = temporaryFolder({ ...catalogFiles, 'models/nova/stages.yaml': '# none\n' });
    const args = ['stages-list', '--json', '--catalog', catalog, '--model', 'nova', '--host', 'box'];
    const { stdout, stderr } = await runCalib(args);
    expect(JSON.parse(stdout)).toEqual([]);
    expect(stderr).toMatch(/^host: The box \(repo=/);
  });

  it('prints hosts with hostname and whether active as JSON, without a banner', async () => {
    const catalog = temporaryFolder(catalogFiles);
    const { stdout, stderr } = await runCalib([
      'hosts-list',
      '--json',
      '--catalog',
      catalog,
      '--host',
      'box',
    ]);
    expect(JSON.parse(stdout)).toEqual([
      { name: 'box', display_name: 'The box', hostname: 'box', active: true },
    ]);
    expect(stderr).toBe('');
  });
});

/** Without a checkout. */
function place(catalog: string): string[] {
  return ['--model', 'nova', '--catalog', catalog, '--repo-root', join(catalog, 'none')];
}

describe('stages-list', () => {
  const stages = `# generated
voice_wer:
  test: tests/test_voice_ci.py
  title: "VOICE Wer"
  group: wer
  extra_env: {}
  context_vars: []
  test_file_sha256: ${'a'.repeat(64)}
  last_discovered_at: 2026-01-01T00:00:00Z
  metrics: {}
`;

  it('prints bases and groups', async () => {
    const catalog = temporaryFolder({ ...catalogFiles, 'models/nova/stages.yaml': stages });
    const { stdout, stderr } = await runCalib(['stages-list', ...place(catalog)]);
    expect(stderr).toContain(`these are the stages that ${catalog}/models/nova/stages.yaml records`);
    expect(stdout).toBe(`bases:
  voice  (tests/test_voice_ci.py)
    voice_wer  [wer]
groups:
  @wer (1): voice_wer`);
  });

  it('adds aliases and unit namespace as JSON', async () => {
    const catalog = temporaryFolder({ ...catalogFiles, 'models/nova/stages.yaml': stages });
    const { stdout } = await runCalib(['stages-list', '--json', ...place(catalog)]);
    expect(JSON.parse(stdout)).toMatchObject([
      { key: 'voice_wer', aliases: ['voice'], namespace: 'test_voice_ci' },
    ]);
  });
});
