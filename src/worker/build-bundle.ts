import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';

import { failureConverterPath } from './data-converter.ts';
import { encryptedWorkflowBundlePath, workflowBundlePath } from './workflow-bundle.ts';

const workflowsPath = fileURLToPath(new URL('../workflows/index.js', import.meta.url));
// The bundler reports a successful build at length; its errors are thrown.
const logger = new DefaultLogger('WARN');

/** The build step after compilation: `node dist/worker/build-bundle.js` writes `dist/workflow-bundle*.js`. */
const plain = await bundleWorkflowCode({ workflowsPath, logger });
await writeFile(workflowBundlePath, plain.code);
const encrypted = await bundleWorkflowCode({ workflowsPath, logger, failureConverterPath });
await writeFile(encryptedWorkflowBundlePath, encrypted.code);
