import type { Value } from './values.ts';

/** The key by which a dictionary finds a value; null for what cannot be one or is not known. */
export function keyText(value: Value): string | null {
  switch (value.type) {
    case 'string':
      return `s:${value.value}`;
    case 'number':
      return `n:${value.value}`;
    case 'boolean':
      return `n:${value.value ? 1 : 0}`;
    case 'none':
      return 'none';
    case 'external':
      return `e:${value.name}`;
    case 'sequence': {
      const keys = value.items.map((item) => (item.guard.kind === 'true' ? keyText(item.value) : null));
      return value.form === 'tuple' && !keys.includes(null) ? `(${keys.join(',')})` : null;
    }
    default:
      return null;
  }
}
