import { CalibError } from '../../../domain/calib-error.ts';
import type { SessionPlan } from '../../../domain/session/session-plan.ts';
import { expandGlob } from '../../../host/discovery/expand-glob.ts';
import { startGaps } from '../../../host/precheck/check-start.ts';
import { withPassedNames } from '../../../host/pytest/passed-environment.ts';
import type { CliContext } from '../../options.ts';
import { warn } from '../../output.ts';

/**
 * The cheap checks of a start, before anything is created: a session that can only fail its precheck is not begun, so that
 * `--detach` does not report one as started.
 *
 * @throws CalibError `invalid-input` with every gap and its remedy
 */
export async function checkStart(context: CliContext, plan: SessionPlan): Promise<void> {
  await checkGlobs(context, plan.repo_root);
  const gaps = await startGaps(plan, withPassedNames(process.env, await context.envOption()));
  if (gaps.length === 0) return;
  throw new CalibError('invalid-input', gaps.map(({ message }) => message).join('\n'), {
    remedy: gaps.flatMap(({ remedies }) => remedies).join('\n'),
  });
}

/** A glob without a file is told; where none has any, the checkout is another one than the config describes. */
async function checkGlobs(context: CliContext, repoRoot: string): Promise<void> {
  const { config, file } = await context.model();
  const found = await Promise.all(
    config.test_globs.map(async (glob) => ({ glob, files: await expandGlob(repoRoot, glob) })),
  );
  const empty = found.filter(({ files }) => files.length === 0).map(({ glob }) => glob);
  if (empty.length === 0) return;
  const text = `no file of ${repoRoot} matches test_globs of ${file}: ${empty.join(', ')}`;
  if (empty.length < found.length) {
    warn(text);
    return;
  }
  throw new CalibError('invalid-input', text, {
    remedy: 'correct test_globs, or name the checkout that has the tests with --repo-root',
  });
}
