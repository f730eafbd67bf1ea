import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { TestProject } from 'vitest/node';

import { startEmbeddedServer } from '../../src/worker/embedded-server.ts';
import { runSetUp } from './built-program.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** host:port of the run's one Temporal server; it knows calib's search attributes. */
    temporalAddress: string;
    /** The present workflow code as one file. */
    workflowBundlePath: string;
  }
}

/** Made by the set-up, with the SDK that runs it. */
const bundlePath = fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url));

/** One Temporal server for all tests of the run, gone afterwards; the bundle is the built program's. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  await runSetUp('build');
  const folder = await mkdtemp(join(tmpdir(), 'calib-server-tests-'));
  const db = join(folder, 'temporal.db');
  const server = await startEmbeddedServer({ db, port: 0, uiPort: 0, env: process.env });
  project.provide('temporalAddress', server.address);
  project.provide('workflowBundlePath', bundlePath);
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
