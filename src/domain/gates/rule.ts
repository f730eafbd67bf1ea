import { z } from 'zod';

import type { PythonOperation } from '../numbers/python-arithmetic.ts';

/**
 * How a compared number comes from the numbers that stand in files: an expression that can be computed again when one of
 * them changes. Plain data; the same node may occur several times.
 */
export type RuleNode =
  | RuleLiteral
  /** A number that no literal decides: a length, an index. */
  | { kind: 'number'; value: number; isInteger: boolean }
  | { kind: 'apply'; operation: PythonOperation; at: string; operands: RuleNode[]; label?: string }
  /** A number that is taken only while comparisons of literals turn out as they do now. */
  | { kind: 'branch'; at: string; decisions: RuleDecision[]; taken: RuleNode }
  /** A number that a later statement put in the place of another one, which decides nothing since then. */
  | { kind: 'override'; at: string; taken: RuleNode; replaced: RuleNode };

export interface RuleLiteral {
  kind: 'literal';
  value: number;
  isInteger: boolean;
  /** Spelled place (`X`, `X[8]['rtf_mean']`), or `file:line` where it has no name. */
  place: string;
  /** Repository-relative path. */
  file: string;
  line: number;
  /** From 1, in characters. */
  column: number;
  /** Byte range of the signed number token in the UTF-8 file. */
  startByte: number;
  endByte: number;
}

export interface RuleDecision {
  left: RuleNode;
  operator: '<' | '<=' | '>' | '>=' | '==' | '!=';
  right: RuleNode;
  outcome: boolean;
}

const maxPlace = 500;
const maxAt = 1000;

const operations = [
  'add',
  'sub',
  'mul',
  'div',
  'floordiv',
  'mod',
  'pow',
  'neg',
  'abs',
  'round',
  'ceil',
  'floor',
  'trunc',
  'float',
  'min',
  'max',
  'sqrt',
  'sum',
  'mean',
  'call',
] as const satisfies readonly PythonOperation[];

const number = z.number().or(z.nan());

/** JSON has no NaN and no infinities; rules with such a number are not written down. */
export const ruleNodeSchema: z.ZodType<RuleNode> = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('literal'),
      value: number,
      isInteger: z.boolean(),
      place: z.string().max(maxPlace),
      file: z.string().max(maxAt),
      line: z.number().int().positive(),
      column: z.number().int().positive(),
      startByte: z.number().int().nonnegative(),
      endByte: z.number().int().nonnegative(),
    }),
    z.object({ kind: z.literal('number'), value: number, isInteger: z.boolean() }),
    z.object({
      kind: z.literal('apply'),
      operation: z.enum(operations),
      at: z.string().max(maxAt),
      operands: z.array(ruleNodeSchema).max(1000),
      label: z.string().max(maxPlace).optional(),
    }),
    z.object({
      kind: z.literal('branch'),
      at: z.string().max(maxAt),
      decisions: z.array(ruleDecisionSchema).max(100),
      taken: ruleNodeSchema,
    }),
    z.object({
      kind: z.literal('override'),
      at: z.string().max(maxAt),
      taken: ruleNodeSchema,
      replaced: ruleNodeSchema,
    }),
  ]),
) as z.ZodType<RuleNode>;

const ruleDecisionSchema: z.ZodType<RuleDecision> = z.lazy(() =>
  z.object({
    left: ruleNodeSchema,
    operator: z.enum(['<', '<=', '>', '>=', '==', '!=']),
    right: ruleNodeSchema,
    outcome: z.boolean(),
  }),
);

/** The identity of a literal: its token in its file. */
export function literalKey(literal: Pick<RuleLiteral, 'file' | 'line' | 'column'>): string {
  return `${literal.file}:${literal.line}:${literal.column}`;
}

/** The literals that a rule computes with, each once; those of replaced parts and of decisions are left out. */
export function literalsOf(node: RuleNode): RuleLiteral[] {
  const found = new Map<string, RuleLiteral>();
  const seen = new Set<RuleNode>();
  const pending: RuleNode[] = [node];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (seen.has(next)) {
      continue;
    }
    seen.add(next);
    if (next.kind === 'literal') {
      found.set(literalKey(next), next);
    } else if (next.kind === 'apply') {
      pending.push(...next.operands);
    } else if (next.kind === 'branch') {
      pending.push(next.taken);
    } else if (next.kind === 'override') {
      pending.push(next.taken);
    }
  }
  return [...found.values()];
}

/** The literals that statements further down put out of force on the way to this number. */
export function replacedLiterals(node: RuleNode): RuleLiteral[] {
  const found: RuleLiteral[] = [];
  const seen = new Set<RuleNode>();
  const pending: RuleNode[] = [node];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (seen.has(next)) {
      continue;
    }
    seen.add(next);
    if (next.kind === 'override') {
      found.push(...literalsOf(next.replaced), ...replacedLiterals(next.replaced));
      pending.push(next.taken);
    } else if (next.kind === 'apply') {
      pending.push(...next.operands);
    } else if (next.kind === 'branch') {
      pending.push(next.taken);
    }
  }
  return found;
}
