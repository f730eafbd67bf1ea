import { type CheckResult, gapText, type GateFact, judgeGates } from './checks.ts';
import type { CiRecord } from '../fingerprint/ci-metrics.ts';
import type { CapabilityFact } from './judge-machine.ts';
import type { AssetFact } from './assets.ts';
import type { GpuFact } from './judge-gpus.ts';

/** The versions and places that decide what a run measures. */
export interface RuntimeFacts {
  hostname: string;
  python: string | null;
  torch: string | null;
  /** CUDA that torch was built for; null where torch was not imported. */
  torch_cuda: string | null;
  flashinfer: { version: string; location: string | null } | null;
  /** Effective values, null where a variable is not set. */
  env: Record<string, string | null>;
}

/** Variables of the "verify runtime" block. */
export const runtimeVariables = [
  'OMNI_CI_HOME',
  'HOME',
  'XDG_CACHE_HOME',
  'TORCHINDUCTOR_CACHE_DIR',
  'HF_HOME',
  'UV_CACHE_DIR',
  'FLASHINFER_DISABLE_VERSION_CHECK',
] as const;

/** Everything that was looked at; a field is null or empty where it could not be read. */
export interface PrecheckFacts {
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  timestamp: string;
  model: string;
  venv_python: string;
  venv_source: string;
  versions: Record<string, string | null>;
  pins: Record<string, string | null>;
  git: { sha: string; branch: string; dirty: boolean };
  /** Raw text of `nvidia-smi -L`. */
  nvidia_smi_L: string;
  gpu_summary: string;
  host: string | null;
  env: Record<string, string>;
  assets: AssetFact[];
  gpus: GpuFact[];
  driver: string | null;
  cuda: string | null;
  python: string | null;
  capabilities: CapabilityFact[];
  runtime: RuntimeFacts;
  hf_token_set: boolean;
  /** Null outside of a session. */
  session_id: string | null;
  /** Values that CI measured; absent where the config names none, or its record has none. */
  ci?: CiRecord | undefined;
}

/** `precheck.json`: the original's fields in its order, then calib's. */
export interface PrecheckDocument {
  timestamp: string;
  model: string;
  venv_python: string;
  venv_source: string;
  versions: Record<string, string | null>;
  pins: Record<string, string | null>;
  git: { sha: string; branch: string; dirty: boolean };
  nvidia_smi_L: string;
  gpu_summary: string;
  host: string | null;
  ok: boolean;
  errors: string[];
  warnings: string[];
  env: Record<string, string>;
  assets: Omit<AssetFact, 'problem' | 'unfinished'>[];
  gpus: Pick<GpuFact, 'index' | 'name' | 'uuid' | 'memory_total_mib' | 'memory_used_mib'>[];
  driver: string | null;
  cuda: string | null;
  python: string | null;
  capabilities: CapabilityFact[];
  gates: GateFact[];
  runtime: RuntimeFacts | null;
  hf_token_set: boolean;
  checks: CheckResult[];
  skipped: boolean;
  session_id: string | null;
  ci?: CiRecord;
  schema: 'calib.precheck/1';
}

/** The document of a precheck that ran to its end. */
export function precheckDocument(facts: PrecheckFacts, checks: CheckResult[]): PrecheckDocument {
  const errors = checks.flatMap((check) => check.errors.map(gapText));
  return {
    timestamp: facts.timestamp,
    model: facts.model,
    venv_python: facts.venv_python,
    venv_source: facts.venv_source,
    versions: facts.versions,
    pins: facts.pins,
    git: facts.git,
    nvidia_smi_L: facts.nvidia_smi_L,
    gpu_summary: facts.gpu_summary,
    host: facts.host,
    ok: errors.length === 0,
    errors,
    warnings: checks.flatMap((check) => check.warnings),
    env: facts.env,
    assets: facts.assets.map(({ id, kind, required, cached, revision }) => ({
      id,
      kind,
      required,
      cached,
      revision,
    })),
    gpus: facts.gpus.map(({ index, name, uuid, memory_total_mib, memory_used_mib }) => ({
      index,
      name,
      uuid,
      memory_total_mib,
      memory_used_mib,
    })),
    driver: facts.driver,
    cuda: facts.cuda,
    python: facts.python,
    capabilities: facts.capabilities,
    gates: judgeGates(checks),
    runtime: facts.runtime,
    hf_token_set: facts.hf_token_set,
    checks,
    skipped: false,
    session_id: facts.session_id,
    ...(facts.ci === undefined ? {} : { ci: facts.ci }),
    schema: 'calib.precheck/1',
  };
}

/** What `--skip-precheck` leaves: no versions, no pins, and the word `skipped`. */
export function skippedPrecheckDocument(
  facts: Pick<
    PrecheckFacts,
    'timestamp' | 'model' | 'venv_python' | 'venv_source' | 'git' | 'host' | 'session_id'
  >,
): PrecheckDocument {
  const nothing = { versions: {}, pins: {}, nvidia_smi_L: '', gpu_summary: 'unknown', env: {}, assets: [] };
  const runtime = { hostname: '', python: null, torch: null, torch_cuda: null, flashinfer: null, env: {} };
  const rest = { gpus: [], driver: null, cuda: null, python: null, capabilities: [], hf_token_set: false };
  const document = precheckDocument({ ...facts, ...nothing, ...rest, runtime }, []);
  return { ...document, warnings: ['precheck skipped'], gates: [], runtime: null, skipped: true };
}
