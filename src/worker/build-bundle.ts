import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { bundleWorkflowCode } from '@temporalio/worker';

import { workflowBundlePath } from './workflow-bundle.ts';

/** The build step after compilation: `node dist/worker/build-bundle.js` writes `dist/workflow-bundle.js`. */
const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('../workflows/index.js', import.meta.url)),
});
await writeFile(workflowBundlePath, code);
