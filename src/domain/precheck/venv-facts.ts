/** What an interpreter says of itself and its distributions, without importing any of them. */
export interface VenvFacts {
  /** `3.11.7`. */
  python: string;
  /** Values of the PEP 508 marker variables. */
  markers: Record<string, string>;
  /** Installed version of each distribution asked for, null when it is not installed. */
  versions: Record<string, string | null>;
  /** The calibrated project's own distribution; null when it is not installed. */
  project: { version: string; editable: boolean; url: string | null } | null;
  /** File of each module asked for, null when none is found. */
  modules: Record<string, string | null>;
  /** Version of every installed distribution by normalised name, where it was asked for. */
  distributions?: Record<string, string> | undefined;
}

/** What became of the question to the interpreter. */
export type VenvReading = { kind: 'facts'; facts: VenvFacts } | { kind: 'failed'; message: string };

/** The part of `pyproject.toml` that precheck needs. */
export interface ProjectFacts {
  /** `project.name`, null without one. */
  name: string | null;
  /** `project.dependencies` as written. */
  dependencies: string[];
}

export type ProjectReading = { kind: 'facts'; facts: ProjectFacts } | { kind: 'failed'; message: string };

/** What a process that imports the modules found out. */
export interface ImportFacts {
  /** Why each module did not import, null for those that did. */
  errors: Record<string, string | null>;
  /** What torch sees of the GPUs given to it; null when torch was not imported. */
  cuda: { available: boolean; count: number; version: string | null } | null;
}

export type ImportReading = { kind: 'facts'; facts: ImportFacts } | { kind: 'failed'; message: string };
