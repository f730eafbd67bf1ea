import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { addSharedOptions, allSharedOptions, createContext, type CliContext } from '../../src/cli/options.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { modelYaml } from '../host/catalog/model-yaml.ts';

/** The context that a command sees for these arguments. */
async function contextOf(args: readonly string[]): Promise<CliContext> {
  let context: CliContext | undefined;
  const program = addSharedOptions(new Command(), allSharedOptions);
  const command = program.command('act').action((_options: unknown, self: Command) => {
    context = createContext(self);
  });
  addSharedOptions(command, allSharedOptions);
  await program.parseAsync([...args], { from: 'user' });
  if (context === undefined) {
    throw new Error('the action did not run');
  }
  return context;
}

function captureStderr(): string[] {
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    lines.push(String(text).trimEnd());
    return true;
  });
  return lines;
}

describe('createContext', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  const files = {
    'models/nova/config.yaml': modelYaml('nova', 'typo: 1\ndefault_venv_python: /v/python\n'),
    'hosts/box.yaml': 'name: The box\nrepo_root: /repo\nvenv_python: /host/python\n',
  };

  it('has the model that the catalog has, or the one that is known, as the default', async () => {
    const named = async (...models: string[]) => {
      const catalog = temporaryFolder(
        Object.fromEntries(models.map((name) => [`models/${name}/config.yaml`, modelYaml(name)])),
      );
      const context = await contextOf(['--catalog', catalog, 'act']);
      expect([context.modelGiven, context.json]).toEqual([false, false]);
      return await context.modelName();
    };
    expect(await named('nova')).toBe('nova');
    expect(await named('asr', 'omni', 'tts')).toBe('omni');
    expect(await named('asr', 'qwen3-omni-v1')).toBe('qwen3-omni-v1');
    await expect(named('asr', 'tts')).rejects.toThrow('none is named');
  });

  it('resolves flag over host over config, and loads each part once with its warnings', async () => {
    const lines = captureStderr();
    const dir = temporaryFolder(files);
    const context = await contextOf([
      '--catalog',
      dir,
      'act',
      '--model',
      'nova',
      '--host',
      'box',
      '--repo-root',
      '/mine',
    ]);
    const [root, venv] = await Promise.all([context.repoRoot(), context.venv()]);
    await Promise.all([context.model(), context.repoRoot()]);
    expect([root.path, root.source, venv.python, venv.source]).toEqual([
      '/mine',
      'flag',
      '/host/python',
      'host',
    ]);
    expect(lines.filter((line) => line.includes('unknown key'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('the profile may be stale'))).toHaveLength(1);
  });

  it('prints the banner to stderr when a host is active', async () => {
    const lines = captureStderr();
    const context = await contextOf(['act', '--catalog', temporaryFolder(files), '--host', 'box']);
    await context.announceHost();
    expect(lines).toEqual(['host: The box (repo=/repo)']);
  });

  it('prints no banner without a host', async () => {
    const lines = captureStderr();
    const context = await contextOf(['act', '--catalog', temporaryFolder(files), '--no-host']);
    await context.announceHost();
    expect(lines).toEqual([]);
  });

  it('reads TUNE_REPO_ROOT and TUNE_VENV_PYTHON', async () => {
    captureStderr();
    vi.stubEnv('TUNE_REPO_ROOT', '/env/repo');
    vi.stubEnv('TUNE_VENV_PYTHON', '/env/python');
    const context = await contextOf([
      'act',
      '--catalog',
      temporaryFolder(files),
      '--model',
      'nova',
      '--no-host',
    ]);
    expect([(await context.repoRoot()).source, (await context.venv()).source]).toEqual(['env', 'env']);
  });
});
