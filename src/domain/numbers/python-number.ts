const decimalInteger = /^(?:[1-9](?:_?\d)*|0(?:_?0)*)$/;
const prefixedInteger = /^0(?:[xX](?:_?[\da-fA-F])+|[oO](?:_?[0-7])+|[bB](?:_?[01])+)$/;
const digits = String.raw`\d(?:_?\d)*`;
const float = new RegExp(
  `^(?:(?:${digits})?\\.${digits}|${digits}\\.)(?:[eE][+-]?${digits})?$|^${digits}[eE][+-]?${digits}$`,
);

/**
 * Reads a Python numeric literal of any spelling (`1_000`, `.5`, `5.`, `1E-3`, `0x1F`), optionally signed, white space
 * after the sign allowed (spec 06 §8).
 *
 * @returns null for what Python does not accept as a real number (`0777`, `1L`, `3j`) and for a number beyond the range
 *   of a double; an integer beyond 2^53 loses precision
 */
export function parsePythonNumber(text: string): { value: number; isInteger: boolean } | null {
  const match = /^([+-]?)\s*(\S+)$/.exec(text.trim());
  const unsigned = match?.[2] ?? '';
  const isInteger = decimalInteger.test(unsigned) || prefixedInteger.test(unsigned);
  if (!isInteger && !float.test(unsigned)) {
    return null;
  }
  const magnitude = Number(unsigned.replaceAll('_', ''));
  if (!Number.isFinite(magnitude)) {
    return null;
  }
  const negative = match?.[1] === '-' && !(isInteger && magnitude === 0);
  return { value: negative ? -magnitude : magnitude, isInteger };
}
