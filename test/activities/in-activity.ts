import { MockActivityEnvironment, defaultActivityInfo } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';

/** What a piece of work gives, or throws, when it runs as an activity does; `attempt` counts from 1. */
export async function inActivity<T>(work: () => Promise<T>, info: { attempt?: number } = {}): Promise<T> {
  const silent = { logger: new DefaultLogger('ERROR', () => {}) };
  const environment = new MockActivityEnvironment({ ...defaultActivityInfo, ...info }, silent);
  return await environment.run<[], T, () => Promise<T>>(work);
}
