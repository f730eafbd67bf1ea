import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { harmlessForTerminal } from '../../../domain/untrusted/harmless-text.ts';
import { runGit } from '../../../host/git/git.ts';
import type { PreparedFile } from '../../../host/apply/prepare-apply.ts';
import type { ApplyOptions } from './apply.ts';
import { processTerminal } from './apply-prompts.ts';
import { exitCode } from '../../exit-code.ts';
import { answerJson, note } from '../../output.ts';
import { locateRunDirectory } from '../../session/locate-run-directory.ts';
import type { CliContext } from '../../options.ts';
import { chooseApplyMode } from './apply-session.ts';

/**
 * Prints as a unified diff what an apply would write; no file of the checkout or the run directory is touched. Works
 * from the disk: the session need not be waiting.
 */
export async function dryRunSession(
  context: CliContext,
  reference: string,
  options: ApplyOptions,
): Promise<void> {
  const { session, runDir } = await locateRunDirectory(context, reference);
  const settled = await chooseApplyMode({ runDir, options, terminal: processTerminal(context.json) });
  if (settled.kind === 'refused') {
    const { reason, remedy, questions } = settled;
    if (context.json) answerJson({ session, dry_run: true, accepted: false, message: reason, questions });
    note(`an apply would be refused: ${reason}`);
    if (remedy !== null) note(`  → ${remedy}`);
    process.exitCode = exitCode.notReady;
    return;
  }
  const files = settled.kind === 'report' ? [] : settled.prepared.files;
  const diff = await unifiedDiff(files);
  if (context.json) {
    const mode = settled.kind === 'report' ? 'report' : settled.mode;
    const changes = settled.kind === 'report' ? [] : settled.prepared.changes;
    answerJson({ session, dry_run: true, accepted: true, mode, changes, diff });
  } else {
    // For `git apply` byte by byte; a terminal is shown what would act on it.
    process.stdout.write(process.stdout.isTTY ? harmlessForTerminal(diff) : diff);
    note(diff === '' ? 'nothing would be written' : 'nothing was written: this was a dry run');
  }
}

/** What `git apply` would take, with paths as in the repository; git itself makes it, so that odd bytes survive. */
async function unifiedDiff(files: readonly PreparedFile[]): Promise<string> {
  if (files.length === 0) return '';
  const folder = await mkdtemp(join(tmpdir(), 'calib-dry-run-'));
  try {
    for (const { file, bytes, after } of files) {
      await put(join(folder, 'a', file), bytes);
      await put(join(folder, 'b', file), after);
    }
    const plain = ['--no-color', '--no-ext-diff', '--no-textconv', '--no-prefix', '--no-renames', '--text'];
    const { stdout } = await runGit(folder, ['diff', '--no-index', ...plain, 'a', 'b'], {
      acceptedExitCodes: [1],
    });
    return stdout.toString();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function put(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}
