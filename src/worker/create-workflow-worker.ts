import { setFlagsFromString } from 'node:v8';

import { Worker, type WorkerOptions } from '@temporalio/worker';

/**
 * Frames of a stack trace in workflow code. The SDK takes one of every promise, for its stack-trace query: with Node's
 * ten frames they are half of the time that a session's workflow takes. Two of these are the SDK's own.
 */
const workflowFrames = 4;

/**
 * A worker that runs workflows, with short stack traces in the thread that it starts for them. Everything else keeps
 * its own: the limit is read once, when a thread begins.
 */
export async function createWorkflowWorker(options: WorkerOptions): Promise<Worker> {
  setFlagsFromString(`--stack-trace-limit=${workflowFrames}`);
  try {
    return await Worker.create(options);
  } finally {
    setFlagsFromString(`--stack-trace-limit=${Error.stackTraceLimit}`);
  }
}
