import { join } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import type { CiReference } from '../../domain/catalog/ci-reference.ts';
import type { CiRecord } from '../../domain/fingerprint/ci-metrics.ts';
import type { CheckResult } from '../../domain/precheck/checks.ts';
import { type CiEnvironment, judgeCiReference } from '../../domain/precheck/judge-ci-reference.ts';
import { captureEnvironment } from '../fingerprint/environment.ts';
import { environmentOf, readNamedEnvironment } from '../fingerprint/environment-file.ts';
import { runBounded } from '../process/run-bounded.ts';
import { childEnvironment, type PrecheckRequest } from './precheck-request.ts';

/** The command may ask a server for CI's last run. */
const commandLimitMs = 60_000;

/** Holds this machine against the environment that CI recorded; call it where the config names one. */
export async function checkCiReference(
  request: PrecheckRequest,
  reference: CiReference,
): Promise<{ result: CheckResult; ci: CiRecord | undefined }> {
  const { requirements, repoRoot, venvPython, allowedGpus, env, now } = request;
  const unknown = { tree_fingerprint: '', stages_yaml_sha256: '', calib_version: '' };
  const [ci, here] = await Promise.all([
    readReference(request, reference),
    captureEnvironment({
      plan: { repo_root: repoRoot, venv_python: venvPython, git_sha: '', ...unknown },
      requirements,
      allowedGpus,
      env,
      now,
    }),
  ]);
  const result = judgeCiReference({ ci, here, mayDiffer: reference.may_differ });
  const metrics = ci.kind === 'facts' ? ci.metrics : undefined;
  return { result, ci: metrics === undefined ? undefined : { source: ci.source, metrics } };
}

async function readReference(
  request: PrecheckRequest,
  { file, command }: CiReference,
): Promise<CiEnvironment> {
  const source = file ?? command?.join(' ').slice(0, 200) ?? '';
  try {
    const { facts, metrics } =
      file === undefined
        ? environmentOf(source, await outputOf(request, command ?? []))
        : await readNamedEnvironment(join(request.repoRoot, file));
    return { kind: 'facts', source, facts, metrics };
  } catch (error) {
    if (!(error instanceof CalibError)) throw error;
    return { kind: 'unreadable', source, reason: error.message };
  }
}

async function outputOf(
  request: PrecheckRequest,
  [program = '', ...args]: readonly string[],
): Promise<Buffer> {
  const run = await runBounded({
    program,
    args,
    cwd: request.repoRoot,
    timeoutMs: commandLimitMs,
    env: childEnvironment(request),
  });
  if (run.kind === 'exited' && run.exitCode === 0) return Buffer.from(run.stdout);
  const why =
    run.kind === 'timed-out'
      ? `it took longer than ${commandLimitMs / 1000} s`
      : run.kind === 'not-started'
        ? `it could not be started (${run.code})`
        : `it ended with ${run.exitCode === null ? `signal ${run.signal}` : `code ${run.exitCode}`}: ${run.stderr.trim().slice(-300)}`;
  throw new CalibError('invalid-input', why);
}
