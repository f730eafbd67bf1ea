import type { Lane } from '../../domain/lanes/lanes.ts';
import type { PrecheckRequirements } from '../../domain/precheck/requirements.ts';

/** What a worker must be told to take part in the sessions of other hosts. */
export interface PoolMember {
  /** Name of the pool, as in the host's profile. */
  pool: string;
  /** Absolute folder for this host's directories of other hosts' sessions. */
  runRoot: string;
  /**
   * What this host has for a model. Everything is read at each call: a corrected catalog or profile counts from the
   * next session on.
   *
   * @throws CalibError when the catalog here does not know the model, or something it needs is not there
   */
  resolve: (model: string) => Promise<MemberBasis>;
}

/** The parts of a session's plan that each host has to say for itself; paths are absolute. */
export interface MemberBasis {
  /** Profile's name; null without one. */
  host: string | null;
  repo_root: string;
  venv_python: string;
  venv_source: string;
  catalog_dir: string;
  /** File of the model's stage definitions. */
  stages_yaml: string;
  /** Catalog environment of every pytest here. */
  environment: Record<string, string>;
  /** Clean-up script of a dedicated host; null = only own processes are ended. */
  cleanup_script: string | null;
  /** What that script is started with; absent where nothing. */
  cleanup_args?: string[];
  /** Declared lanes; empty where any free GPUs are one. */
  lanes: Lane[];
  /** GPUs that the profile says the machine has; null where it does not say. */
  gpu_count: number | null;
  /** What precheck asks of this machine; absent: what the session's plan asks, with the fields above for the home host's. */
  requirements?: PrecheckRequirements;
}
