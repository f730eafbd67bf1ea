import { statfs } from 'node:fs/promises';

/** Types of file systems that belong to this machine alone, as `statfs` numbers them. */
const localFileSystems = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0xf2f52010, // f2fs
  0x2fc12fc1, // zfs
  0x01021994, // tmpfs
  0x794c7630, // overlay
]);

/**
 * How SQLite is to keep a database in this folder whole. A write-ahead log is as durable and needs a third of the time,
 * which every step of a session waits for; but it shares memory beside the file, which is not safe on a network's.
 */
export async function journalMode(folder: string): Promise<'wal' | 'delete'> {
  const { type } = await statfs(folder);
  return localFileSystems.has(type) ? 'wal' : 'delete';
}
