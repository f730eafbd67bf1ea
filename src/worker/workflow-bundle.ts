import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where the build step puts the workflows as one file, made by the same SDK version that runs them. */
export const workflowBundlePath = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));

/** The same with failures that a payload codec can encrypt: the converter of failures is part of a bundle. */
export const encryptedWorkflowBundlePath = fileURLToPath(
  new URL('../workflow-bundle.encrypted.js', import.meta.url),
);

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** Module that every bundle of the workflows is made with: without it one unreadable signal wedges a session. */
export const payloadConverterPath = fileURLToPath(
  new URL(`../workflows/tolerant-payloads.${extension}`, import.meta.url),
);

/** Module that makes a session's current details when they are read. */
export const workflowInterceptorModules = [
  fileURLToPath(new URL(`../workflows/current-details.${extension}`, import.meta.url)),
];

/** The workflows for a worker: the prebuilt bundle (0.3 s to start) or, from sources, bundled on the spot (3 s). */
export function workflowSource(options: { encrypted: boolean }) {
  const codePath = options.encrypted ? encryptedWorkflowBundlePath : workflowBundlePath;
  if (existsSync(codePath)) return { workflowBundle: { codePath } };
  return {
    workflowsPath: fileURLToPath(new URL(`../workflows/index.${extension}`, import.meta.url)),
    interceptors: { workflowModules: workflowInterceptorModules },
  };
}
