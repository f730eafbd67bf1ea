/** What one test file asks for; null keys for a file that could not be read. */
export interface DatasetReferences {
  test: string;
  keys: string[] | null;
}

export interface DatasetQuestion {
  /** `hf_datasets` of the model config. */
  configured: readonly string[];
  references: readonly DatasetReferences[];
  /** Key → hub id, from the checkout's `benchmarks/dataset/prepare.py`. */
  table: Readonly<Record<string, string>>;
  scope: 'configured' | 'stages';
}

export interface DatasetAnswer {
  required: string[];
  optional: string[];
  /** Required, but not listed in the config. */
  unlisted: string[];
  warnings: string[];
}

/**
 * The datasets that a run needs (spec 04 §6): of selected stages, what their tests reference, all configured ones if that
 * is nothing; standing alone, the configured ones and what the model's tests reference.
 */
export function requiredDatasets({ configured, references, table, scope }: DatasetQuestion): DatasetAnswer {
  const warnings = references.flatMap(({ test, keys }) =>
    (keys ?? [])
      .filter((key) => !Object.hasOwn(table, key))
      .map(
        (key) => `${test} uses DATASETS["${key}"], a key that benchmarks/dataset/prepare.py does not have`,
      ),
  );
  const referenced = new Set(
    references.flatMap(({ keys }) =>
      (keys ?? []).flatMap((key) => (Object.hasOwn(table, key) ? (table[key] ?? []) : [])),
    ),
  );
  const wanted =
    scope === 'configured' || referenced.size === 0 ? new Set([...configured, ...referenced]) : referenced;
  const required = [...wanted].sort();
  return {
    required,
    optional: configured.filter((id) => !wanted.has(id)),
    unlisted: [...referenced].filter((id) => !configured.includes(id)).sort(),
    warnings,
  };
}
