import type { Lane } from '../domain/lanes/lane.ts';
import type { PrecheckRequirements } from '../domain/precheck/requirements.ts';

/** What this host brings into the sessions of its pool, from its own catalog and checkout. */
export interface PoolMember {
  /** Name of the pool, as its profile says. */
  pool: string;
  /** Absolute folder that the directories of other hosts' sessions are made in, one each, by session id. */
  runRoot: string;
  /**
   * Reads catalog, profile and machine as they are now.
   *
   * @throws CalibError saying why this host has no such model, or cannot say where its parts lie
   */
  resolve(model: string): Promise<MemberBasis>;
}

/** What of a session's plan is each host's own. */
export interface MemberBasis {
  /** Host profile name; null without one. */
  host: string | null;
  repo_root: string;
  venv_python: string;
  venv_source: string;
  catalog_dir: string;
  /** The model's file in this host's catalog. */
  stages_yaml: string;
  /** Effective catalog environment (spec 01 §4); never secrets. */
  environment: Record<string, string>;
  cleanup_script: string | null;
  /** Declared lanes; empty where any free GPUs are one. */
  lanes: Lane[];
  /** GPUs that the host must have by its profile or `--gpus`; null where nothing says how many. */
  gpu_count: number | null;
  /** What precheck asks of this machine; absent: the session's own requirements with the fields above. */
  requirements?: PrecheckRequirements;
}
