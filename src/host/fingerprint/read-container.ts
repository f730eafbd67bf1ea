import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface ContainerFacts {
  /** `docker`, `podman`, `kubernetes`, `other`, or `none` outside of a container. */
  container: string;
  /** `sha256:…`; null where nobody says. */
  image_digest: string | null;
}

/** In this order; the latter two are what v0.7.0 of the original tool reads (spec 07 §5.1). */
const digestVariables = ['CALIB_IMAGE_DIGEST', 'OMNI_CI_IMAGE_DIGEST', 'CONTAINER_IMAGE_DIGEST'] as const;

/**
 * The container that calib runs in. Files tell its kind only; its image's digest is known to who started it.
 *
 * @param root folder that stands for `/`, for tests
 */
export async function readContainer(env: NodeJS.ProcessEnv, root = '/'): Promise<ContainerFacts> {
  return { container: await containerKind(env, root), image_digest: imageDigest(env) };
}

function imageDigest(env: NodeJS.ProcessEnv): string | null {
  for (const name of digestVariables) {
    const digest = /(?:^|@)(sha256:[0-9a-f]{64})$/.exec(env[name]?.trim() ?? '')?.[1];
    if (digest !== undefined) return digest;
  }
  return null;
}

async function containerKind(env: NodeJS.ProcessEnv, root: string): Promise<string> {
  const groups = `${await contentOf(root, 'proc/self/cgroup')}\n${await contentOf(root, 'proc/self/mountinfo')}`;
  // Before the runtime's own traces: a pod's containers have those too.
  if (env['KUBERNETES_SERVICE_HOST'] || groups.includes('kubepods')) return 'kubernetes';
  if (await exists(root, '.dockerenv')) return 'docker';
  if (await exists(root, 'run/.containerenv')) return 'podman';
  if (/\/docker[/-]/.test(groups)) return 'docker';
  if (groups.includes('/libpod')) return 'podman';
  return /\/(lxc|containerd|machine\.slice)\b/.test(groups) ? 'other' : 'none';
}

async function contentOf(root: string, path: string): Promise<string> {
  return await readFile(join(root, path), 'utf8').catch(() => '');
}

async function exists(root: string, path: string): Promise<boolean> {
  return await access(join(root, path)).then(
    () => true,
    () => false,
  );
}
