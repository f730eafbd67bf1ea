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

  it('has qwen3-omni-v1 as the default model', async () => {
    const context = await contextOf(['act']);
    expect([context.modelName, context.modelGiven, context.json]).toEqual(['qwen3-omni-v1', false, false]);
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
