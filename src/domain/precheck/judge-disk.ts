import { counted } from '../text.ts';
import { checkResult, type CheckResult } from './checks.ts';
import { shellWord } from './shell-word.ts';

const mib = 1024 ** 2;
const gib = 1024 ** 3;

/** Below this a session cannot keep even its own documents and one attempt's log. */
const leastBytes = gib;
/** Logs and result trees of a full session have room above this. */
const amplyBytes = 10 * gib;

/** Repeats of one unit that are still to be run. */
export interface PlannedRepeats {
  namespace: string;
  repeats: number;
}

/** What one repeat of a unit left on the disk in an earlier session: base temp and logs. */
export interface KnownSize {
  bytes: number;
  /** False where it holds more files than are counted for an estimate. */
  isWhole: boolean;
}

/** What the repeats of a session will leave on the disk, as far as their units were seen before. */
export interface DiskEstimate {
  bytes: number;
  /** Repeats and units that it covers. */
  repeats: number;
  units: number;
  /** Namespaces of units that no earlier session measured: they come on top. */
  unseen: string[];
  /** False where more is certain. */
  isWhole: boolean;
}

/**
 * Scales what single repeats took to those that are to be run. Discarded repeats stay on the disk and come on top.
 *
 * @param known by namespace
 */
export function estimateDisk(
  planned: readonly PlannedRepeats[],
  known: Readonly<Record<string, KnownSize>>,
): DiskEstimate {
  const estimate: DiskEstimate = { bytes: 0, repeats: 0, units: 0, unseen: [], isWhole: true };
  for (const { namespace, repeats } of planned.filter((each) => each.repeats > 0)) {
    const size = known[namespace];
    if (size === undefined) {
      estimate.unseen.push(namespace);
      continue;
    }
    estimate.bytes += size.bytes * repeats;
    estimate.repeats += repeats;
    estimate.units += 1;
    estimate.isWhole &&= size.isWhole;
  }
  return estimate;
}

export interface DiskFacts {
  /** Where run directories will lie. */
  folder: string;
  /** The nearest folder that exists: `folder` itself or one above it. */
  existing: string;
  /** For this user; null where the file system does not say. */
  freeBytes: number | null;
  writable: boolean;
  /** What the session will leave there; absent where it is not known what is to be run. */
  estimate?: DiskEstimate;
}

/** Whether a run directory can be made and has room. */
export function judgeDisk({ folder, existing, freeBytes, writable, estimate }: DiskFacts): CheckResult {
  const free = freeBytes === null ? 'unknown' : `${(freeBytes / gib).toFixed(1)} GiB`;
  const lines = [
    `disk: ${free} free for run directories in ${folder}`,
    ...(estimate === undefined ? [] : estimateLines(estimate)),
  ];
  if (!writable) {
    const message = `run directories in ${folder} cannot be made: ${existing} cannot be written`;
    const remedies = [`chmod u+rwx ${shellWord(existing)}, or choose another folder (--run-root)`];
    return checkResult({ id: 'disk', lines, errors: [{ message, remedies }] });
  }
  if (freeBytes !== null && freeBytes < leastBytes) {
    const message = `${free} free for run directories in ${folder}, at least 1 GiB is needed`;
    return checkResult({
      id: 'disk',
      lines,
      errors: [{ message, remedies: [`df -h ${shellWord(existing)}`] }],
    });
  }
  if (freeBytes !== null && estimate !== undefined && freeBytes < estimate.bytes) {
    const warning = `${free} free for run directories in ${folder}, ${needed(estimate)}: \`calib prune --dry-run\` says what can go`;
    return checkResult({ id: 'disk', lines, warnings: [warning] });
  }
  const scarce = freeBytes !== null && freeBytes < amplyBytes;
  const warnings = scarce ? [`only ${free} free for run directories in ${folder}`] : [];
  return checkResult({ id: 'disk', lines, warnings });
}

function estimateLines(estimate: DiskEstimate): string[] {
  const { units, unseen } = estimate;
  if (units === 0) {
    const line = 'disk: how much will be needed is not known: no earlier session ran these tests here';
    return unseen.length === 0 ? [] : [line];
  }
  const more = unseen.length === 0 ? '' : `; not seen before, so on top: ${unseen.join(', ')}`;
  return [
    `disk: ${needed(estimate)}, as earlier sessions took; what is discarded stays and comes on top${more}`,
  ];
}

/** `about 12.4 GiB needed for 15 repeats of 3 units`. */
function needed({ bytes, repeats, units, isWhole }: DiskEstimate): string {
  const size = bytes >= gib ? `${(bytes / gib).toFixed(1)} GiB` : `${Math.ceil(bytes / mib)} MiB`;
  return `${isWhole ? 'about' : 'at least'} ${size} needed for ${counted(repeats, 'repeat')} of ${counted(units, 'unit')}`;
}
