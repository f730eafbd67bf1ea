import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';

import { payloadConverterPath, workflowBundlePath } from './workflow-bundle.ts';

/** The build step after compilation: `node dist/worker/build-bundle.js` writes `dist/workflow-bundle.js`. */
const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('../workflows/index.js', import.meta.url)),
  payloadConverterPath,
  // The bundler tells its list of modules at level INFO; what is wrong with them it says at ERROR.
  logger: new DefaultLogger('WARN'),
});
await writeFile(workflowBundlePath, code);
