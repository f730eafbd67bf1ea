import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

import { CalibError } from '../../../domain/calib-error.ts';
import { TerminalFilter } from '../../../domain/untrusted/harmless-text.ts';
import {
  followActiveLog,
  type FollowOptions,
  isWanted,
  latestLog,
  type LogEvent,
  type PytestLog,
  type WantedLaunches,
} from '../../../host/run-directory/logs/follow-log.ts';
import type { StartedLaunch } from '../../../host/run-directory/logs/launches.ts';
import { InterruptedError } from '../../exit-code.ts';
import { listenForStop, note } from '../../output.ts';
import { followSessionLogs, listSessionLaunches, type LocatedLogs, requireWanted } from './session-logs.ts';
import { type RemoteLaunch, type SessionLaunch, readRemoteLog } from './remote-log.ts';
import { type SessionClient, openSessionClient } from '../../session/session-client.ts';
import { watchForEnd } from '../watch/watch-for-end.ts';

export interface LogsRequest extends LocatedLogs {
  wanted: WantedLaunches;
  /** Byte by byte, whatever it does to a terminal. */
  raw: boolean;
}

const lookPauseMs = 250;
/** Looks that ask the server too. */
const askPauseMs = 1000;

/**
 * Prints the log of the active pytest as far as it is written, or the last one's, from whichever host it lies on.
 *
 * @throws CalibError `not-ready` where nothing was run yet, or the host that has the log does not answer
 */
export async function printLatestLog(request: LogsRequest): Promise<void> {
  requireWanted(request, request.wanted);
  const client = await clientFor(request);
  try {
    const launch = await latestLaunch(request, client);
    if (launch === null) throw nothingYet(request);
    note(header(launch, request.repeats));
    const output = new LogOutput(request.raw);
    if (launch.host === null) {
      for await (const bytes of createReadStream(launch.log)) await output.print(bytes as Buffer);
    } else if (client === null) {
      throw new CalibError(
        'not-ready',
        `that log is on host ${launch.host}, and there is no Temporal server to fetch it through`,
        {
          remedy: `\`calib logs ${request.session}\` fetches it through the server`,
        },
      );
    } else {
      const parts = readRemoteLog(client, launch, { session: request.session, follow: false });
      for await (const text of parts) await output.print(Buffer.from(text));
    }
    await output.end();
  } finally {
    await client?.close();
  }
}

type ShownLaunch = (PytestLog & { host: null }) | RemoteLaunch;

/** The one that lives, else the one that ended last. */
async function latestLaunch(request: LogsRequest, client: SessionClient | null): Promise<ShownLaunch | null> {
  if (!isShared(request)) {
    const log = await latestLog(request.runDir, request.wanted);
    return log === null ? null : { ...log, host: null };
  }
  const launches = (await listSessionLaunches(request, client)).filter((launch) =>
    isWanted(launch, request.wanted),
  );
  const endOf = ({ end, startedAtMs }: SessionLaunch) => end?.atMs ?? startedAtMs;
  const living = launches.find(({ end }) => end === null);
  const launch = living ?? launches.sort((a, b) => endOf(a) - endOf(b)).at(-1);
  if (launch === undefined) return null;
  const { host } = launch;
  return host === null ? { ...launch, host } : { ...launch, host };
}

function nothingYet({ runDir, isHere, homeHost }: LogsRequest): CalibError {
  if (isHere) {
    return new CalibError('not-ready', `no pytest was started yet in ${runDir}`, {
      remedy: 'add --follow to wait for the first one',
    });
  }
  return new CalibError('not-ready', `no pytest runs at the moment, and ${runDir} is not on this machine`, {
    remedy: `run this command on ${homeHost ?? 'the host that holds it'} for what has ended, or add --follow`,
  });
}

/** True where launches may be on other hosts than this one. */
function isShared({ isPooled, isHere }: LocatedLogs): boolean {
  return isPooled || !isHere;
}

async function clientFor(request: LocatedLogs): Promise<SessionClient | null> {
  if (!request.known || !isShared(request)) return null;
  if (!request.isHere) return await openSessionClient();
  // Without a server, what is on this machine is shown all the same.
  return await openSessionClient().catch(() => null);
}

/**
 * Prints the active pytest's output as it is written, then the next one's, until the session ends.
 *
 * @throws InterruptedError at Ctrl-C, which does not touch the session
 */
export async function followLogs(request: LogsRequest): Promise<void> {
  requireWanted(request, request.wanted);
  const stop = listenForStop(() => undefined);
  const end = await watchForEnd(request);
  const client = await clientFor(request);
  try {
    const options = { pollMs: lookPauseMs, signal: stop.signal, isOver: end.isOver };
    const output = new LogOutput(request.raw);
    for await (const event of eventsOf(request, client, options)) await show(event, request, output);
    await output.end();
    note(`${request.session} has ended`);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    throw new InterruptedError();
  } finally {
    stop.release();
    await end.close();
    await client?.close();
  }
}

function eventsOf(
  request: LogsRequest,
  client: SessionClient | null,
  options: FollowOptions,
): AsyncGenerator<LogEvent<StartedLaunch & { host?: string | null }>> {
  return client === null
    ? followActiveLog({ ...options, runDir: request.runDir, wanted: request.wanted })
    : followSessionLogs(request, client, { ...options, pollMs: askPauseMs });
}

async function show(
  event: LogEvent<StartedLaunch & { host?: string | null }>,
  { session, repeats }: LogsRequest,
  output: LogOutput,
): Promise<void> {
  switch (event.kind) {
    case 'waiting':
      return note(`waiting for a pytest of ${session}`);
    case 'switch':
      await output.end();
      return note(header(event.launch, repeats));
    case 'bytes':
      return await output.print(event.bytes);
    case 'ended':
      await output.end();
      return note(`--- ${ending(event.launch)}`);
  }
}

/** Says whose output follows; on stderr, so that what is piped on is pytest's own. */
function header(launch: PytestLog & { host?: string | null }, repeats: number): string {
  const { namespace, repeat, attempt, log, host = null } = launch;
  const number = attempt === null ? '' : `, attempt ${attempt}`;
  return `==> ${namespace} run ${repeat}/${repeats}${number}${on(host)}: ${log}`;
}

function ending({ namespace, repeat, end, host = null }: StartedLaunch & { host?: string | null }): string {
  // What another host's log ended with is recorded only later.
  if (host !== null) return `${namespace} run ${repeat}${on(host)}: no more output`;
  const how =
    end?.signal ?? (end?.exitCode === null || end === null ? 'without a trace' : `exit ${end.exitCode}`);
  return `${namespace} run ${repeat} ended (${how})`;
}

function on(host: string | null): string {
  return host === null ? '' : ` on ${host}`;
}

/** pytest's output on stdout: as it is, or with what would act on a terminal shown as text. */
class LogOutput {
  readonly #raw: boolean;
  readonly #filter = new TerminalFilter();
  #decoder = new StringDecoder('utf8');

  constructor(raw: boolean) {
    this.#raw = raw;
  }

  async print(bytes: Uint8Array): Promise<void> {
    await write(this.#raw ? bytes : this.#filter.push(this.#decoder.write(Buffer.from(bytes))));
  }

  /** What waited for the rest of a character or a colour that does not come any more. */
  async end(): Promise<void> {
    if (!this.#raw) await write(this.#filter.push(this.#decoder.end()) + this.#filter.end());
    this.#decoder = new StringDecoder('utf8');
  }
}

/** Waits until the bytes are taken: a slow reader must not make them pile up here. */
async function write(bytes: Uint8Array | string): Promise<void> {
  if (bytes.length === 0) return;
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
