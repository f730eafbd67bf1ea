import type { CheckResult } from '../../domain/precheck/checks.ts';
import type { PrecheckRequirements } from '../../domain/precheck/requirements.ts';
import type { PrecheckDocument } from '../../domain/precheck/precheck-document.ts';
import { inheritedVariables } from '../pytest/launch-command.ts';

export interface PrecheckRequest {
  model: string;
  requirements: PrecheckRequirements;
  /** Absolute. */
  repoRoot: string;
  /** Absolute. */
  venvPython: string;
  /** `flag`, `env`, `host` or `config`. */
  venvSource: string;
  /** The session it is for; null when it stands alone. */
  session: { id: string; gitSha: string } | null;
  /** Absolute folder in which run directories lie. */
  runFolder: string;
  /** What is to be run, for an estimate of the disk; absent where it is not known, or only a part of it runs here. */
  planned?: {
    /** The session's own directory, whose recorded repeats are done; null without one. */
    runDir: string | null;
    /** Of the units. */
    namespaces: string[];
    /** Of each unit. */
    repeats: number;
  };
  /** Versions that differ from their pin are warnings. */
  skipVersionCheck: boolean;
  /** `nvidia-smi` indices that may be used, null for all. */
  allowedGpus: readonly number[] | null;
  /** calib's own environment; an allow-list of it reaches the interpreter. */
  env: NodeJS.ProcessEnv;
  now: Date;
  /** Called for each check in the order of `checkIds`, as soon as those before it are done. */
  onCheck?: (check: CheckResult) => void;
  /** Text file with this process's capabilities; `/proc/self/status` unless a test says otherwise. */
  processStatus?: string;
  /** Program to ask about GPUs; `$CALIB_NVIDIA_SMI`, else `nvidia-smi`. */
  nvidiaSmi?: string;
}

export interface PrecheckOutcome {
  ok: boolean;
  /** In the order of `checkIds`; fewer after an early stop. */
  checks: CheckResult[];
  /** What is written as `precheck.json`; null after an early stop. */
  document: PrecheckDocument | null;
}

/** The environment of a pytest launch as far as precheck needs it: an allow-list, then the catalog's. */
export function childEnvironment({
  env,
  requirements,
}: {
  env: NodeJS.ProcessEnv;
  requirements: Pick<PrecheckRequirements, 'environment'>;
}): Record<string, string> {
  const catalog = requirements.environment.map(({ name, value }) => [name, value] as const);
  return { ...inheritedVariables(env), ...Object.fromEntries(catalog) };
}
