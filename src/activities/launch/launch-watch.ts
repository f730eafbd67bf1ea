import { setTimeout as sleep } from 'node:timers/promises';

import { runningLine, stoppingLine } from '../../domain/observation/milestones.ts';
import type { OwnStop } from '../../domain/pytest/classify-end.ts';
import { decideStop } from '../../domain/pytest/decide-stop.ts';
import { type LogFollower, type LogProgress, followLog } from '../../host/log/follow-log.ts';
import { areResultsComplete } from '../extract-results.ts';
import { type Launch, type Repeat, logLines, lookAtGpus } from '../repeat/repeat.ts';
import { SilenceLook } from './silence-look.ts';
import { StartupTeller } from './startup-teller.ts';

/** A look takes a tenth of a second as a rule. */
const lookPatienceMs = 2000;

export interface WatchStart {
  /** Milliseconds that pytest has been running. */
  ageMs: number;
  /** True when the first look may show what happened long before. */
  adopted: boolean;
}

/** What a start-up that takes longer than usual is mostly about. */
const startupChecks = 'HOME, XDG_CACHE_HOME, TORCHINDUCTOR_CACHE_DIR and which nvcc and ninja are found';

/**
 * Eyes on one running pytest: reads its log once, byte by byte, and says when calib should end it. All its
 * times are of the monotonic clock: a corrected time of day must not end a run of hours.
 */
export class LaunchWatch {
  /** Launch to first readiness line; null when none was seen coming. */
  startupSeconds: number | null = null;
  readonly notes: string[] = [];
  readonly #repeat: Repeat;
  readonly #launch: Launch;
  readonly #adopted: boolean;
  readonly #launchedAtMs: number;
  readonly #log: LogFollower;
  #looks = 0;
  #reading: Promise<LogProgress> | null = null;
  #stop: OwnStop | null = null;
  #nextLineAtMs: number;
  #usedMib: Record<number, number> | null = null;
  #stallTold = false;
  readonly #silence: SilenceLook;
  readonly #startup: StartupTeller;
  #nextResultsAtMs = 0;
  /** The end of the tests, for which every result was found complete. */
  #completeSinceMs: number | null = null;

  constructor(repeat: Repeat, launch: Launch, start: WatchStart) {
    this.#repeat = repeat;
    this.#launch = launch;
    this.#adopted = start.adopted;
    this.#launchedAtMs = performance.now() - start.ageMs;
    this.#log = followLog({ path: launch.logPath });
    this.#nextLineAtMs = performance.now() + repeat.timing.runningLineEveryMs;
    const { stall_s: stall, silence_s: silence } = repeat.policies;
    this.#silence = new SilenceLook(launch.mark, Math.min(stall, silence));
    this.#startup = new StartupTeller(repeat, launch, start.adopted);
  }

  /** Names of the signatures seen so far. */
  get signatures(): string[] {
    return this.#log.state.matches.map((match) => match.name);
  }

  /**
   * Reads of what is new as much as is soon read, and decides whatever came of it.
   *
   * @returns `stop`: the reason for which pytest must end, once; `behind`: there is more to be read at once
   */
  async look(): Promise<{ stop: OwnStop | null; behind: boolean }> {
    const progress = await this.#readSoon();
    if (progress !== null) {
      this.#looks += 1;
      if (progress.becameReady) await this.#noteReady();
      if (progress.grownBytes > 0) this.#stallTold = false;
      this.#startup.tell(this.#startsSlowly());
    }
    this.#silence.update(this.#silentSeconds());
    this.#beat();
    await this.#tellProgress();
    return { stop: await this.#newStop(), behind: progress?.behind === true };
  }

  /** The rest of the log, after pytest has ended. */
  async finish(): Promise<void> {
    this.#startup.tell(false);
    try {
      await this.#reading;
      const skipped = await this.#log.finish();
      if (skipped > 0) this.notes.push(`${skipped} bytes of the log were not searched for signatures`);
    } finally {
      await this.#log.close();
    }
  }

  /** What a look at the log found; null while the disk has not answered, which must hold up no limit. */
  async #readSoon(): Promise<LogProgress | null> {
    const reading = (this.#reading ??= this.#log.look());
    const patience = new AbortController();
    const late = sleep(lookPatienceMs, null, { signal: patience.signal, ref: false }).catch(() => null);
    try {
      const progress = await Promise.race([reading, late]);
      if (progress !== null) this.#reading = null;
      return progress;
    } finally {
      patience.abort();
      // Should it fail later, the next look tells.
      reading.catch(() => null);
    }
  }

  async close(): Promise<void> {
    await this.#log.close();
  }

  async #newStop(): Promise<OwnStop | null> {
    if (this.#stop !== null) return null;
    const { unit, policies, label } = this.#repeat;
    const doneSeconds = this.#doneSeconds();
    this.#stop = decideStop(
      {
        runningSeconds: this.#runningSeconds(),
        silentSeconds: this.#silentSeconds(),
        logBytes: this.#log.state.sizeBytes,
        doneSeconds,
        matches: this.#log.state.matches,
      },
      {
        timeoutSeconds: unit.timeout_s ?? policies.timeout_s,
        stallSeconds: policies.stall_s,
        silenceSeconds: policies.silence_s,
        exitGraceSeconds: policies.exit_grace_s,
        logBytes: policies.max_log_bytes,
      },
    );
    if (this.#stop !== null) {
      const seen = this.#stop.kind === 'stall' ? await this.#silence.finalText() : null;
      if (seen !== null) this.notes.push(`when the log stalled: ${seen}`);
      const lines = seen === null ? [] : [`  when the log stalled: ${seen}`];
      await logLines(this.#repeat, stoppingLine(label, this.#stop), ...lines);
    }
    return this.#stop;
  }

  /** Since the closing summary, once the grace is over and every result is there; results are large, so seldom read. */
  #doneSeconds(): number | null {
    const { closedAtMs } = this.#log.state;
    const nowMs = performance.now();
    const graceMs = this.#repeat.policies.exit_grace_s * 1000;
    if (closedAtMs === null || nowMs - closedAtMs <= graceMs) return null;
    if (this.#completeSinceMs === closedAtMs) return (nowMs - closedAtMs) / 1000;
    if (nowMs >= this.#nextResultsAtMs) {
      // Beside the watch: reading them may take longer than any limit can wait.
      this.#nextResultsAtMs = Number.POSITIVE_INFINITY;
      void this.#readResults(closedAtMs, graceMs);
    }
    return null;
  }

  async #readResults(closedAtMs: number, graceMs: number): Promise<void> {
    const complete = await areResultsComplete(this.#repeat, this.#launch.lane.launched_at).catch(() => false);
    this.#nextResultsAtMs = performance.now() + graceMs;
    if (complete) this.#completeSinceMs = closedAtMs;
  }

  async #noteReady(): Promise<void> {
    // An adopter does not know when the line was written.
    if (this.#adopted && this.#looks === 1) return;
    this.startupSeconds = Math.round(this.#runningSeconds() * 100) / 100;
    const usualSeconds = this.#repeat.timing.slowStartupMs / 1000;
    if (this.startupSeconds <= usualSeconds) return;
    const seconds = this.startupSeconds.toFixed(0);
    this.notes.push(`slow start-up (${seconds} s)`);
    await logLines(
      this.#repeat,
      `  ⚠ slow start-up: ready after ${seconds} s, usual is under ${usualSeconds} s — check ${startupChecks}; no threshold problem`,
    );
  }

  /** A test with GPUs starts a server as a rule; one without may never say that anything is ready. */
  #startsSlowly(): boolean {
    const { unit, timing } = this.#repeat;
    if (unit.gpus === 0 || this.#log.state.readyAtMs !== null) return false;
    return this.#runningSeconds() * 1000 > timing.slowStartupMs;
  }

  #beat(): void {
    const { attempt, launchDir, lane } = this.#launch;
    const silent = Math.round(this.#silentSeconds());
    this.#repeat.heartbeats.say({
      state: 'running',
      text: this.#startsSlowly()
        ? `pytest runs, attempt ${attempt}; no readiness line for longer than usual — check ${startupChecks}`
        : `pytest runs, attempt ${attempt}`,
      ...(this.#startsSlowly() ? { starting_s: Math.round(this.#runningSeconds()) } : {}),
      attempt,
      launch_dir: launchDir,
      lane: lane.lane,
      seconds: Math.round(this.#runningSeconds()),
      log_bytes: this.#log.state.sizeBytes,
      silent_s: silent,
      ...(this.#silence.text === null ? {} : { processes: this.#silence.text }),
    });
  }

  async #tellProgress(): Promise<void> {
    const silentSeconds = this.#silentSeconds();
    const stalls = silentSeconds > this.#repeat.policies.stall_s;
    const due = performance.now() >= this.#nextLineAtMs;
    if (!due && (this.#stallTold || !stalls)) return;
    this.#stallTold = stalls;
    this.#nextLineAtMs = performance.now() + this.#repeat.timing.runningLineEveryMs;
    const logBytes = this.#log.state.sizeBytes;
    const line = runningLine(this.#repeat.label, { logBytes, silentSeconds, usedMib: this.#usedMib });
    const seen = this.#silence.text === null ? '' : ` (${this.#silence.text})`;
    await logLines(this.#repeat, stalls ? `${line} ⚠ the log does not grow${seen}` : line);
    this.#askForMemory();
  }

  /** For the next line: a driver that answers late must not hold up the watch. */
  #askForMemory(): void {
    const { gpus } = this.#launch.lane;
    if (gpus.length === 0) return;
    void lookAtGpus(this.#repeat).then((reading) => {
      if (reading.kind !== 'gpus') return;
      const lane = reading.gpus.filter(({ index }) => gpus.includes(index));
      this.#usedMib = Object.fromEntries(lane.map(({ index, usedMib }) => [index, usedMib]));
    });
  }

  #runningSeconds(): number {
    return Math.max(0, (performance.now() - this.#launchedAtMs) / 1000);
  }

  #silentSeconds(): number {
    return Math.max(0, (performance.now() - this.#log.state.lastGrowthAtMs) / 1000);
  }
}
