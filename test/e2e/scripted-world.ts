import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';

import { type ScriptedSuite, makeScriptedSuite } from '../fixtures/scripted-suite/make-scripted-suite.ts';
import { type EmbeddedUp, startUp } from './embedded-up.ts';

export interface ScriptedWorld {
  /** One for the whole file. */
  up: EmbeddedUp;
  /** A new one for each test. */
  suite: ScriptedSuite;
}

/** Gives every test of a file a server with a worker and a suite of its own; sessions that a test leaves are aborted. */
export function withScriptedWorld(take: (world: ScriptedWorld) => void): void {
  let up: EmbeddedUp;
  let suite: ScriptedSuite;

  beforeAll(async () => {
    up = await startUp();
  });

  afterAll(async () => {
    await up.close();
  });

  beforeEach(async () => {
    suite = await makeScriptedSuite();
    take({ up, suite });
  });

  afterEach(async () => {
    await up.abortAll();
    await suite.remove();
  });
}
