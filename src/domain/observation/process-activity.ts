/** What the processes of a launch were doing at one moment, summed over them. */
export interface ProcessActivity {
  /** Milliseconds of a clock that never jumps. */
  atMs: number;
  /** Processes by the state letter of `/proc/PID/stat`. */
  states: Readonly<Record<string, number>>;
  /** Time spent waiting for block I/O since each began, ms; stays 0 where the kernel does not account for delays. */
  ioWaitMs: number;
  /** Bytes moved from and to the disk since each began; null where the kernel does not tell. */
  readBytes: number | null;
  writtenBytes: number | null;
}

const stateWords: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'sleeping',
  D: 'waiting for I/O',
  T: 'stopped',
  t: 'traced',
  I: 'idle',
};

/** States in the order in which they explain a stall. */
const stateOrder = ['D', 'R', 'T', 't', 'S', 'I'];

/**
 * What a silent launch does, in one line: `processes: 1 waiting for I/O (D), 3 sleeping (S); in 10 s: I/O wait 9.8 s, read 0 B,
 * wrote 4096 B`.
 *
 * @param before an earlier look at the same launch; without one only the states are told
 */
export function activityText(now: ProcessActivity, before: ProcessActivity | null = null): string {
  const rank = (letter: string) => (stateOrder.includes(letter) ? stateOrder.indexOf(letter) : 99);
  const states = Object.entries(now.states)
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([letter, count]) => `${count} ${stateWords[letter] ?? 'in state'} (${letter})`);
  const who = states.length === 0 ? 'no process to be seen' : `processes: ${states.join(', ')}`;
  if (before === null) return who;
  const moved = [
    `I/O wait ${(Math.max(0, now.ioWaitMs - before.ioWaitMs) / 1000).toFixed(1)} s`,
    ...growth('read', now.readBytes, before.readBytes),
    ...growth('wrote', now.writtenBytes, before.writtenBytes),
  ];
  return `${who}; in ${((now.atMs - before.atMs) / 1000).toFixed(0)} s: ${moved.join(', ')}`;
}

/** A process that ended between two looks takes its counts along. */
function growth(verb: string, now: number | null, before: number | null): string[] {
  return now === null || before === null ? [] : [`${verb} ${Math.max(0, now - before)} B`];
}
