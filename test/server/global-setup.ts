import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';
import type { TestProject } from 'vitest/node';

import { startEmbeddedServer } from '../../src/worker/embedded-server.ts';
import { payloadConverterPath } from '../../src/worker/workflow-bundle.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** host:port of the run's one Temporal server; it knows calib's search attributes. */
    temporalAddress: string;
    /** The present workflow code as one file. */
    workflowBundlePath: string;
  }
}

/** One Temporal server and one bundle for all tests of the run; both are gone afterwards. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'calib-server-tests-'));
  const bundlePath = join(folder, 'workflow-bundle.js');
  const [server] = await Promise.all([
    startEmbeddedServer({ db: join(folder, 'temporal.db'), port: 0, uiPort: 0, env: process.env }),
    writeBundle(bundlePath),
  ]);
  project.provide('temporalAddress', server.address);
  project.provide('workflowBundlePath', bundlePath);
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}

async function writeBundle(path: string): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
    payloadConverterPath,
    logger: new DefaultLogger('WARN'),
  });
  await writeFile(path, code);
}
