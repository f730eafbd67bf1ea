import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** How long a child may take to end after it was asked to. `calib up` drains its worker first, which takes up to 30 s. */
const STOP_LIMIT_MS = 45_000;

/** A step that did not do what it should; the message says what to do next, a stack would say nothing more. */
export class StepFailed extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

const running = new Set();
let stopping = false;

/**
 * Starts a child in a process group of its own: Ctrl-C in the terminal reaches this script alone, which then stops its
 * children in order, instead of hitting all of them at once.
 */
export function start(command, args, options = {}) {
  if (stopping) throw new StepFailed('interrupted', 130);
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options, detached: true });
  running.add(child);
  // `ended` never rejects: a child that could not be started has ended with code null.
  child.ended = new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  }).finally(() => running.delete(child));
  return child;
}

/** Runs a command to its end and gives its exit code; a signal's death is 1. Throws when it cannot be started. */
export async function exitCodeOf(command, args, options) {
  const { code, error } = await start(command, args, options).ended;
  if (stopping) throw new StepFailed('interrupted', 130);
  if (error) throw new StepFailed(`${command}: ${error.message}`);
  return code ?? 1;
}

/** Runs a command that has to succeed. */
export async function run(command, args, options) {
  const code = await exitCodeOf(command, args, options);
  if (code !== 0) throw new StepFailed(`${[command, ...args].join(' ')} ended with exit code ${code}`, code);
}

/** Runs a quick command; its output without the last line end, or null when it fails or does not exist. */
export async function outputOf(command, args) {
  const child = start(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  const { code } = await child.ended;
  return code === 0 ? output.trimEnd() : null;
}

/** Asks one child and what it started in its group to end, and waits; who does not listen is killed. */
export async function stop(child) {
  if (!running.has(child) || child.pid === undefined) return;
  signalGroup(child.pid, 'SIGINT');
  const limit = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), STOP_LIMIT_MS);
  await child.ended;
  clearTimeout(limit);
}

function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // It ended by itself a moment ago.
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Stops every child, the youngest first. */
export async function stopAll() {
  for (const child of [...running].reverse()) await stop(child);
}

/**
 * Runs a script's main function. SIGINT or SIGTERM: `beforeStop`, then all children are stopped, exit 130; a second
 * signal ends at once. A StepFailed is printed without a stack and gives its exit code.
 */
export async function main(body, beforeStop = async () => {}) {
  let signalled = false;
  const onSignal = async () => {
    if (signalled) process.exit(130);
    signalled = true;
    console.error('stopping …');
    await beforeStop().catch((error) => console.error(error.message));
    stopping = true;
    await stopAll();
    process.exit(130);
  };
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => void onSignal());
  try {
    await body();
  } catch (error) {
    // What failed may have failed because of the signal; that path ends the process.
    if (signalled) await once(process, 'exit');
    console.error(error instanceof StepFailed ? `error: ${error.message}` : error);
    process.exitCode = error.exitCode ?? 1;
  } finally {
    if (!signalled) await stopAll();
  }
}
