import { DefaultLogger, Runtime } from '@temporalio/worker';

let installed = false;

/**
 * Prepares the SDK's native part, once a process and before anything else of it is used. Scripted failures would otherwise
 * fill the output of the tests with warnings.
 */
export function installRuntime(): void {
  if (!installed) Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  installed = true;
}
