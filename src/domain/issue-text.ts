import type { z } from 'zod';

import { shown } from './untrusted/cut-text.ts';

type Issue = z.core.$ZodIssue;

/** How the validation library's own sentences begin; a schema's own phrase never does. */
const libraryText =
  /^(Invalid (input|option|string|number|key|value|discriminator|element|ISO|URL|UUID|UUIDv|GUID|JSON|base64|date|email|emoji|format)|Too (small|big)|Unrecognized )/;

/** Listed at most: a choice among more is cut, so that one wrong key never makes a page. */
const mostChoices = 12;

/**
 * What is wanted at one place of a document, in calib's words: a phrase that can stand behind the key (`repeats: must be a
 * whole number, found nothing`). A phrase that the schema itself gives is kept as it is.
 */
export function issueText(issue: Issue): string {
  if (issue.code === 'custom') return libraryText.test(issue.message) ? 'is not valid' : issue.message;
  if (!libraryText.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${expectedNames[issue.expected] ?? issue.expected}, found ${foundName(issue)}`;
    case 'too_small':
      return sizeText(issue.origin, {
        bound: issue.minimum,
        inclusive: issue.inclusive !== false,
        side: 'least',
      });
    case 'too_big':
      return sizeText(issue.origin, {
        bound: issue.maximum,
        inclusive: issue.inclusive !== false,
        side: 'most',
      });
    case 'invalid_value':
      return choiceText(issue.values);
    case 'invalid_format':
      return formatNames[issue.format] ?? `must be a valid ${issue.format}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
      return `has unknown keys: ${issue.keys.slice(0, mostChoices).join(', ')}`;
    case 'invalid_union':
      return unionText(issue);
    case 'invalid_key':
      return `the name ${JSON.stringify(shown(String(issue.path.at(-1) ?? '')))} ${firstText(issue.issues)}`;
    case 'invalid_element':
      return firstText(issue.issues);
  }
}

const expectedNames: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

/** The library tells what it found only in its sentence. */
function foundName(issue: Extract<Issue, { code: 'invalid_type' }>): string {
  const found = / received (\w+)$/.exec(issue.message)?.[1] ?? 'something else';
  if (found === 'undefined') return 'nothing';
  if (issue.expected === 'int' && found === 'number') return 'another number';
  return expectedNames[found] ?? found;
}

function sizeText(
  origin: string,
  { bound, inclusive, side }: { bound: number | bigint; inclusive: boolean; side: 'least' | 'most' },
): string {
  if (origin === 'string') return `must have at ${side} ${bound} characters`;
  if (origin === 'array' || origin === 'set' || origin === 'map')
    return `must have at ${side} ${bound} entries`;
  if (origin === 'object' || origin === 'record') return `must have at ${side} ${bound} keys`;
  if (inclusive) return `must be at ${side} ${bound}`;
  return side === 'least' ? `must be above ${bound}` : `must be below ${bound}`;
}

function choiceText(values: readonly unknown[]): string {
  const shown = values.slice(0, mostChoices).map((value) => JSON.stringify(value) ?? String(value));
  const rest = values.length > mostChoices ? `|… (${values.length} in all)` : '';
  return values.length === 1 ? `must be ${shown[0] ?? ''}` : `must be one of ${shown.join('|')}${rest}`;
}

const formatNames: Record<string, string> = {
  regex: 'is not of the form wanted here',
  datetime: 'must be a time such as 2026-04-23T05:00:00Z',
  date: 'must be a date such as 2026-04-23',
  url: 'must be a URL',
};

function unionText(issue: Extract<Issue, { code: 'invalid_union' }>): string {
  const options = 'options' in issue && Array.isArray(issue.options) ? (issue.options as unknown[]) : [];
  if (options.length > 0) return choiceText(options);
  const texts = new Set(issue.errors.map((issues) => firstText(issues)));
  return texts.size === 0 ? 'is not valid' : [...texts].slice(0, mostChoices).join(', or ');
}

function firstText(issues: readonly Issue[]): string {
  const [first] = issues;
  return first === undefined ? 'is not valid' : issueText(first);
}
