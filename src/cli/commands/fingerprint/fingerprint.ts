import type { Command } from 'commander';

import { addSharedOptions, createContext, type CliContext } from '../../options.ts';
import { addExamples, answerJson, packageVersion } from '../../output.ts';

/** `fingerprint`: the environment of this machine as a session would record it, read-only. */
export function register(program: Command): void {
  const command = program
    .command('fingerprint')
    .description(
      'Print the environment that tests of a model would run in here, as JSON: what CI records for ci_reference.',
    )
    .action(async (_options: unknown, self: Command) => fingerprint(createContext(self)));
  addSharedOptions(command, ['catalog', 'host', 'model', 'repo-root', 'venv-python']);
  addExamples(command, ['calib fingerprint --model tts > ci-environment.json']);
}

async function fingerprint(context: CliContext): Promise<void> {
  const { captureEnvironment } = await import('../../../host/fingerprint/environment.ts');
  const { readSessionTree } = await import('../../../host/git/tree.ts');
  const { precheckRequirements } = await import('../start/plan-session.ts');
  await context.announceHost();
  const { path: repoRoot } = await context.repoRoot();
  const { stages, sha256 } = await context.stages();
  const git = await readSessionTree({ repoRoot, catalogDir: (await context.catalog()).dir });
  const document = await captureEnvironment({
    plan: {
      repo_root: repoRoot,
      venv_python: (await context.venv()).python,
      git_sha: git.sha,
      tree_fingerprint: git.treeFingerprint,
      stages_yaml_sha256: sha256,
      calib_version: packageVersion(),
    },
    requirements: await precheckRequirements(context, { catalog: stages, selected: null }),
    allowedGpus: null,
    env: process.env,
    now: new Date(),
  });
  answerJson(document);
}
