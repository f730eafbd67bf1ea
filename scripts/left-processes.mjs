import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

/** A supervisor or server that was told to end gets this long to do so. */
const END_LIMIT_MS = 5000;
const POLL_MS = 100;

/** The variable that marks what a run of tests started: children inherit it. */
export const markVariable = 'TEST_RUN_MARK';

/**
 * The processes that a run of tests left behind, once those that were just ending are gone: what has the run's mark in its
 * environment or, for what was started with an environment of its own, works or has files open in the run's folder for
 * temporary files. Linux only: elsewhere none is found.
 *
 * @param limitMs how long they may take to end
 * @returns pid and command line of each
 */
export async function leftProcesses({ mark, folder, limitMs = END_LIMIT_MS }) {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const left = processes().filter((pid) => isOf(pid, mark, folder));
    if (left.length === 0 || Date.now() >= deadline) {
      return left.map((pid) => ({ pid, command: commandOf(pid) }));
    }
    await setTimeout(POLL_MS);
  }
}

function processes() {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => pid !== process.pid);
  } catch {
    return [];
  }
}

function isOf(pid, mark, folder) {
  return (
    environmentOf(pid).includes(`${markVariable}=${mark}`) ||
    pathsOf(pid).some((path) => `${path}/`.startsWith(`${folder}/`))
  );
}

/** Empty for a process of somebody else, a zombie, and one that has just ended. */
function environmentOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function pathsOf(pid) {
  const links = (folder, names) =>
    names.flatMap((name) => {
      try {
        return [readlinkSync(`${folder}/${name}`)];
      } catch {
        return [];
      }
    });
  try {
    return [...links(`/proc/${pid}`, ['cwd']), ...links(`/proc/${pid}/fd`, readdirSync(`/proc/${pid}/fd`))];
  } catch {
    return [];
  }
}

function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '(ended meanwhile)';
  }
}
