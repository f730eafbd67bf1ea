import type { SyntaxNode } from 'tree-sitter';

import { parseModule } from '../../parse-module.ts';
import { convertModule } from './convert-statement.ts';
import type { Stmt } from './syntax.ts';

/** Reads files of one checkout, never outside of it. */
export interface RepositoryFiles {
  /** The text of a file by its path below the root; null when there is none, or it is not the repository's. */
  read: (path: string) => string | null;
  isFolder: (path: string) => boolean;
}

export interface ParsedFile {
  path: string;
  text: string;
  root: SyntaxNode;
  /** Place of a UTF-16 offset: line and column from 1, byte from 0. */
  placeOf: (index: number) => { line: number; column: number; startByte: number };
  statements: Stmt[];
}

export type FileAnswer = ParsedFile | { problem: string; line: number };

const maxBytes = 4_000_000;

/** Parsed files of a checkout, each parsed once however many test files import it. */
export class ModuleFiles {
  readonly files: RepositoryFiles;
  readonly #parsed = new Map<string, FileAnswer | null>();
  readonly #folders = new Map<string, boolean>();

  constructor(files: RepositoryFiles) {
    this.files = files;
  }

  isFolder(path: string): boolean {
    const known = this.#folders.get(path);
    if (known !== undefined) {
      return known;
    }
    const answer = this.files.isFolder(path);
    this.#folders.set(path, answer);
    return answer;
  }

  /** @returns null when there is no such file */
  parse(path: string): FileAnswer | null {
    const known = this.#parsed.get(path);
    if (known !== undefined) {
      return known;
    }
    const text = this.files.read(path);
    const answer = text === null ? null : parseText(path, text);
    this.#parsed.set(path, answer);
    return answer;
  }
}

/** Parses the text of a module. */
export function parseText(path: string, text: string): FileAnswer {
  if (text.length > maxBytes) {
    return { problem: 'the file is too large', line: 1 };
  }
  const parsed = parseModule(text);
  if (parsed.kind === 'syntax-error') {
    return { problem: `the file is not valid Python: ${parsed.message}`, line: parsed.line };
  }
  const { module } = parsed;
  const placeOf = (index: number): ReturnType<ParsedFile['placeOf']> =>
    module.spanOf({ startIndex: index, endIndex: index } as SyntaxNode);
  return { path, text, root: module.root, placeOf, statements: convertModule(module.root, text) };
}
