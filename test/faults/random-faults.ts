import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { type FaultWorld, waitUntil } from './fault-world.ts';
import type { FaultedSession } from './faulted-session.ts';
import {
  type LaunchOnDisk,
  type LaunchPart,
  killPart,
  launchesOnDisk,
  livingParts,
} from './launches-on-disk.ts';

export const faultKinds = [
  'kill-worker',
  'drain-worker',
  'freeze-worker',
  'kill-server',
  'freeze-server',
  'kill-pytest',
  'kill-supervisor',
  'kill-follower',
  'power-loss',
  'pause-twice',
  'purge-twice',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Files whose appearance in the run directory says how far the session is. */
const moments = {
  request: /\/run\d+\.attempt\d+\/request\.json$/,
  identity: /\/run\d+\.attempt\d+\/identity\.json$/,
  exit: /\/run\d+\.attempt\d+\/exit\.json$/,
  observation: /^(alpha_accuracy|beta_wer)\/run\d+\.json$/,
  marker: /\/run\d+\.commit\.json$/,
} as const;
export type Moment = keyof typeof moments;

/** What happens, right after which file of a kind has appeared for the n-th time. */
export interface Fault {
  kind: FaultKind;
  after: Moment;
  nth: number;
  /** How long something stays frozen or away. */
  seconds: number;
}

/** Two to four faults, the later ones at later moments. The same seed gives the same ones. */
export function faultsOf(seed: number): Fault[] {
  const random = generator(seed);
  const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)] as T;
  const kinds = Array.from({ length: 2 + Math.floor(random() * 3) }, () => pick(faultKinds));
  const counts = kinds.map(() => 1 + Math.floor(random() * 5)).sort((a, b) => a - b);
  return kinds.map((kind, index) => ({
    kind,
    after: pick(Object.keys(moments) as Moment[]),
    nth: counts[index] ?? 1,
    // Sometimes longer than the heartbeat timeout.
    seconds: pick([2, 5, 35]),
  }));
}

/** mulberry32: small, and the same on every machine. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = Math.trunc(state + 0x6d2b79f5);
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Does to one session what the faults say, and remembers which launches it meant to break. */
export class FaultInjector {
  /** Repeats that a purge has discarded. */
  purged = 0;
  readonly #world: FaultWorld;
  readonly #session: FaultedSession;
  readonly #broken = new Set<string>();

  constructor(world: FaultWorld, session: FaultedSession) {
    this.#world = world;
    this.#session = session;
  }

  /** Whether a fault was aimed at this launch, known by its folder (which a purge moves) or its pytest. */
  aimedAt(folder: string, pid: number | undefined): boolean {
    return this.#broken.has(folder) || this.#broken.has(String(pid));
  }

  async inject(fault: Fault): Promise<void> {
    await this.#untilMoment(fault);
    await this.#strike(fault);
  }

  /** A session that comes to its decision first has no such moment any more: the fault strikes it there. */
  async #untilMoment({ after, nth }: Fault): Promise<void> {
    let looks = 0;
    const isThere = async () => {
      const paths = await readdir(this.#session.runDir, { recursive: true }).catch((): string[] => []);
      if (paths.filter((path) => moments[after].test(path)).length >= nth) return true;
      looks += 1;
      return looks % 200 === 0 && (await this.#isDecisionDue());
    };
    await waitUntil(isThere, `${nth} times ${after}`, { intervalMs: 5 });
  }

  async #isDecisionDue(): Promise<boolean> {
    return (await this.#world.state(this.#session.id)).phase.kind === 'awaiting_decision';
  }

  async #strike({ kind, seconds }: Fault): Promise<void> {
    const world = this.#world;
    switch (kind) {
      case 'kill-worker':
        await world.killWorker();
        return await world.startWorker();
      case 'drain-worker':
        await world.drainWorker();
        return await world.startWorker();
      case 'freeze-worker':
        world.signalWorker('SIGSTOP');
        await sleep(seconds * 1000);
        return world.signalWorker('SIGCONT');
      case 'kill-server':
        await world.killServer();
        await sleep(seconds * 1000);
        return await world.startServer();
      case 'freeze-server':
        await world.signalServer('SIGSTOP');
        await sleep(seconds * 1000);
        return await world.signalServer('SIGCONT');
      case 'kill-pytest':
        return await this.#break('child', seconds > 2);
      case 'kill-supervisor':
        return await this.#break('supervisor', seconds > 2);
      case 'kill-follower':
        return await this.#killFollower();
      case 'power-loss':
        return await this.#powerLoss();
      case 'pause-twice':
        return await this.#pauseTwice(seconds);
      case 'purge-twice':
        return await this.#purgeTwice();
    }
  }

  /** SIGKILL to one part of every launch that lives, once there is one; `late`: once its test has begun. */
  async #break(part: LaunchPart, late: boolean): Promise<void> {
    let living: LaunchOnDisk[] = [];
    const isThere = async () => {
      const launches = await launchesOnDisk(this.#session.runDir);
      const started = late ? await this.#startedTests() : '';
      living = launches.filter(
        (launch) =>
          livingParts(launch).includes(part) &&
          (!late || started.includes(` ${launch.identity?.child.pid}\n`)),
      );
      return living.length > 0 || (await this.#isDecisionDue());
    };
    await waitUntil(isThere, `a living ${part}`, { intervalMs: 10 });
    for (const launch of living) {
      this.#remember(launch);
      killPart(launch, part);
    }
  }

  /** The suite's own count: a line for each test that has begun, its pid last. */
  async #startedTests(): Promise<string> {
    return await readFile(join(this.#session.suite.control, 'launches.log'), 'utf8').catch(() => '');
  }

  /** All at once, a supervisor that has only begun to start included. */
  async #powerLoss(): Promise<void> {
    await Promise.all([this.#world.killWorker(), this.#world.killServer()]);
    for (const launch of await launchesOnDisk(this.#session.runDir)) {
      if (launch.exit === null) this.#remember(launch);
    }
    for (const pid of await this.#session.suite.processes()) killIfThere(pid);
    await this.#session.expectNothingLeft();
    await this.#world.startServer();
    await this.#world.startWorker();
  }

  #remember({ folder, identity }: LaunchOnDisk): void {
    this.#broken.add(folder);
    if (identity !== null) this.#broken.add(String(identity.child.pid));
  }

  async #killFollower(): Promise<void> {
    const follower = this.#world.begin('watch', this.#session.id);
    await sleep(1500);
    follower.kill('SIGKILL');
    await follower;
  }

  async #pauseTwice(seconds: number): Promise<void> {
    const handle = this.#world.client.workflow.getHandle(this.#session.id);
    const id = `${Date.now()}`;
    for (let time = 0; time < 2; time += 1) await handle.signal('pause', { id: `pause-${id}` });
    await sleep(Math.min(seconds, 5) * 1000);
    for (let time = 0; time < 2; time += 1) await handle.signal('resume', { id: `resume-${id}` });
    await handle.signal('pause', { id: `pause-${id}` });
  }

  /** Purges the first repeat that is done, with one id twice. */
  async #purgeTwice(): Promise<void> {
    const state = await this.#world.until(
      this.#session.id,
      ({ phase, marks }) =>
        phase.kind !== 'reporting' && Object.values(marks).some((row) => row.includes('d')),
    );
    const done = Object.entries(state.marks).flatMap(([namespace, marks]) =>
      marks.includes('d') ? [{ namespace, repeat: marks.indexOf('d') + 1 }] : [],
    )[0];
    if (done === undefined) return;
    const { discarded } = state;
    const stage = done.namespace === 'test_beta_ci' ? 'beta_wer' : 'alpha_accuracy';
    const payload = { id: `purge-${discarded}`, stage, repeat: done.repeat, reason: 'a fault' };
    const handle = this.#world.client.workflow.getHandle(this.#session.id);
    for (let time = 0; time < 2; time += 1) await handle.signal('purge', payload);
    await this.#world.until(this.#session.id, (now) => now.discarded > discarded);
    this.purged += 1;
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
