import type { SourcePosition } from './source-position.ts';

/** Why nothing can be read from a data file, with the line where there is one. */
export class DataFileProblem extends Error {
  readonly position: SourcePosition | null;

  constructor(message: string, position: SourcePosition | null = null) {
    super(message);
    this.position = position;
  }
}

/** `line 3: …`, without the file's name. */
export function describeProblem({ message, position }: DataFileProblem): string {
  return position === null ? message : `line ${position.line}: ${message}`;
}
