import type { LaunchIdentity } from './launch-files.ts';
import { type ProcessIdentity, readBootId, readProcessTable, type TableEntry } from './identity.ts';
import { carriesMark, type RepeatMark } from './repeat-mark.ts';

/**
 * What proves that a process is ours: it carries the mark; it is in the session that the launch's child leads, or led;
 * a manifest of the test names its group and a member of that group carries the mark; or one of these is its ancestor.
 */
export type OwnershipProof = 'mark' | 'session' | 'manifest' | 'descendant';

export interface OwnProcess extends ProcessIdentity {
  proof: OwnershipProof;
}

export interface OwnershipQuery {
  mark: RepeatMark;
  /** Of the launch whose child's session counts too. */
  identity?: LaunchIdentity | undefined;
  /** Process group ids that the test wrote down (`readGroupManifests`). */
  manifestGroups?: readonly number[];
}

/**
 * Every running process that provably belongs to a repeat, orphans re-parented to init included. Never
 * calib itself, its ancestors, or the launch's supervisor.
 */
export async function findOwnProcesses(query: OwnershipQuery): Promise<OwnProcess[]> {
  const table = await readProcessTable();
  const bootId = readBootId();
  const untouchable = ownLineage(table);
  if (query.identity?.boot_id === bootId) untouchable.add(query.identity.supervisor.pid);
  const owned = new Map<number, OwnershipProof>();
  const own = (entry: TableEntry, proof: OwnershipProof) => {
    if (entry.pid > 1 && !untouchable.has(entry.pid) && !owned.has(entry.pid)) owned.set(entry.pid, proof);
  };
  const entries = [...table.values()];
  const marked = new Set(
    entries.filter((entry) => carriesMark(entry.environ, query.mark)).map((entry) => entry.pid),
  );
  for (const entry of entries) if (marked.has(entry.pid)) own(entry, 'mark');
  for (const entry of sessionMembers({ entries, marked, bootId, identity: query.identity }))
    own(entry, 'session');
  for (const entry of manifestMembers({ table, marked, groups: query.manifestGroups ?? [] }))
    own(entry, 'manifest');
  addDescendants(entries, owned, untouchable);
  return [...owned].flatMap(([pid, proof]) => {
    const entry = table.get(pid);
    return entry === undefined ? [] : [{ pid, start_ticks: entry.start_ticks, boot_id: bootId, proof }];
  });
}

/** calib and everything above it: a mark that calib itself inherited must not turn it against itself. */
function ownLineage(table: Map<number, TableEntry>): Set<number> {
  const lineage = new Set<number>();
  let pid = process.pid;
  while (pid > 0 && !lineage.has(pid)) {
    lineage.add(pid);
    pid = table.get(pid)?.parent ?? 0;
  }
  return lineage;
}

/**
 * The child's session. While its leader lives, pid and start ticks prove it. Afterwards the number might have been
 * given to a stranger that made a session of its own, so a member with the mark must vouch for it.
 */
function sessionMembers(search: {
  entries: TableEntry[];
  marked: Set<number>;
  bootId: string;
  identity: LaunchIdentity | undefined;
}): TableEntry[] {
  const { entries, marked, bootId, identity } = search;
  if (identity === undefined || identity.boot_id !== bootId) return [];
  const { pid, start_ticks } = identity.child;
  const members = entries.filter((entry) => entry.session === pid);
  const proven = members.some(
    (entry) => (entry.pid === pid && entry.start_ticks === start_ticks) || marked.has(entry.pid),
  );
  return proven ? members : [];
}

function manifestMembers(search: {
  table: Map<number, TableEntry>;
  marked: Set<number>;
  groups: readonly number[];
}): TableEntry[] {
  const entries = [...search.table.values()];
  const calibGroup = search.table.get(process.pid)?.group;
  return search.groups.flatMap((group) => {
    if (group <= 1 || group === calibGroup) return [];
    const members = entries.filter((entry) => entry.group === group);
    return members.some((entry) => search.marked.has(entry.pid)) ? members : [];
  });
}

function addDescendants(
  entries: TableEntry[],
  owned: Map<number, OwnershipProof>,
  untouchable: Set<number>,
): void {
  for (let before = -1; before !== owned.size;) {
    before = owned.size;
    for (const { pid, parent } of entries) {
      if (owned.has(parent) && !owned.has(pid) && !untouchable.has(pid)) owned.set(pid, 'descendant');
    }
  }
}
