import { z } from 'zod';

/** One pytest invocation per repeat: a (test file, environment) pair that feeds one or more stages (spec 03 §5). */
export const unitSchema = z.object({
  /** Directory name and label, unique within a plan: `test_tts_ci__higgs`. */
  namespace: z.string(),
  /** Repository-relative POSIX path of the test file. */
  test: z.string(),
  /** The stages' common `extra_env`. */
  env: z.record(z.string(), z.string()),
  /** GPUs the invocation needs; 0 = none, the GPU gate is skipped. */
  gpus: z.number().int().nonnegative(),
  /** Stage keys in selection order. */
  stages: z.array(z.string()).min(1),
  /** The model config's `pytest_extra_args` for this test file. */
  pytest_args: z.array(z.string()).default([]),
  /** Wall-time limit of one pytest invocation in seconds; absent = the policy's default. */
  timeout_s: z.number().positive().optional(),
});
export type Unit = z.infer<typeof unitSchema>;
