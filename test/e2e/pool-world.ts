import { join } from 'node:path';

import {
  type ScriptedSuite,
  copyScriptedSuite,
  makeScriptedSuite,
} from '../fixtures/scripted-suite/make-scripted-suite.ts';
import type { CalibRun } from './built-calib.ts';
import { type EmbeddedUp, startUp } from './embedded-up.ts';
import { type PoolWorker, hostOptions, startPoolWorker, writePoolProfile } from './pool-hosts.ts';
import { type PoolMachine, startPoolMachine } from './pool-machine.ts';

/**
 * Two machines of pool `lab`, each with a checkout, a catalog, leases and a name of its own: `lab-1` with the server,
 * where sessions are started, and `lab-2`, which takes part once it is brought up.
 */
export class PoolWorld {
  readonly up: EmbeddedUp;
  readonly here: ScriptedSuite;
  readonly there: ScriptedSuite;
  /** The other machine. */
  readonly #machine: PoolMachine;
  readonly #workers: PoolWorker[] = [];

  private constructor(parts: Pick<PoolWorld, 'up' | 'here' | 'there'> & { machine: PoolMachine }) {
    ({ up: this.up, here: this.here, there: this.there, machine: this.#machine } = parts);
  }

  static async start(): Promise<PoolWorld> {
    const here = await makeScriptedSuite();
    const there = await copyScriptedSuite(here);
    await writePoolProfile(here, 'lab-1');
    await writePoolProfile(there, 'lab-2');
    const up = await startUp({ env: { CALIB_HOSTNAME: 'lab-1' }, args: hostOptions(here) });
    const machine = await startPoolMachine('lab-2', { address: up.address, folder: up.dir });
    return new PoolWorld({ up, here, there, machine });
  }

  /** A worker of the other machine, polling. */
  async bringUp(): Promise<PoolWorker> {
    const worker = await startPoolWorker(this.there, this.#machine);
    this.#workers.push(worker);
    return worker;
  }

  /** A command on the machine where sessions are started. */
  async calib(...args: string[]): Promise<CalibRun> {
    return await this.up.calibAs({ CALIB_HOSTNAME: 'lab-1' }, ...args);
  }

  /** Starts a session of the scripted model; gives its id. */
  async startSession(...more: string[]): Promise<string> {
    const options = ['--model', 'scripted', ...hostOptions(this.here), ...more];
    const run = await this.calib('start', '--detach', '--json', ...options);
    if (run.exitCode !== 0) throw new Error(`start ended with ${run.exitCode}: ${run.stderr}`);
    return (JSON.parse(run.stdout) as { session: string }).session;
  }

  /** The session's directory on one of the machines. */
  runDir(suite: ScriptedSuite, session: string): string {
    return join(suite.repo, '.tune-runs', session);
  }

  async close(): Promise<void> {
    await this.up.abortAll();
    for (const worker of this.#workers) await worker.stop();
    await this.#machine.close();
    await this.up.close();
    await this.there.remove();
    await this.here.remove();
  }
}
