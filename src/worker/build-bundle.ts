import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';

import { failureConverterPath } from './encryption.ts';
import {
  encryptedWorkflowBundlePath,
  payloadConverterPath,
  workflowBundlePath,
  workflowInterceptorModules,
} from './workflow-bundle.ts';

const options = {
  workflowsPath: fileURLToPath(new URL('../workflows/index.js', import.meta.url)),
  payloadConverterPath,
  workflowInterceptorModules,
  // The bundler tells its list of modules at level INFO; what is wrong with them it says at ERROR.
  logger: new DefaultLogger('WARN'),
};

/** The build step after compilation: `node dist/worker/build-bundle.js` writes `dist/workflow-bundle*.js`. */
const plain = await bundleWorkflowCode(options);
await writeFile(workflowBundlePath, plain.code);
const encrypted = await bundleWorkflowCode({ ...options, failureConverterPath });
await writeFile(encryptedWorkflowBundlePath, encrypted.code);
