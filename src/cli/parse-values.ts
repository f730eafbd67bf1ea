import { InvalidArgumentError } from 'commander';

/** A port number, 0 to 65535. @throws InvalidArgumentError otherwise */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('a port is a number from 0 to 65535.');
  return port;
}

/** A whole number of at least 1. @throws InvalidArgumentError otherwise */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || !Number.isSafeInteger(count)) {
    throw new InvalidArgumentError('a whole number of at least 1 is wanted.');
  }
  return count;
}

/** GPU indices as in `0,1`. @throws InvalidArgumentError otherwise */
export function parseGpuList(text: string): number[] {
  if (!/^\d+(,\d+)*$/.test(text)) throw new InvalidArgumentError('GPU indices are written as in 0,1.');
  const indices = text.split(',').map(Number);
  if (new Set(indices).size !== indices.length) throw new InvalidArgumentError('a GPU is named twice.');
  return indices.sort((a, b) => a - b);
}
