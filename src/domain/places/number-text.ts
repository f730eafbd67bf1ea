import { parsePythonNumber, pythonFloatText } from '../numbers/python-numbers.ts';
import { isDataFile } from './place.ts';

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/**
 * What readers of YAML 1.1 (PyYAML) and 1.2 both take for this very number: an integer without a leading zero, or a
 * fraction with a point, whose exponent has a sign. `1e-05` is a text to PyYAML.
 */
const yamlNumber = /^[-+]?(?:(?:0|[1-9]\d*)|\d+\.\d*(?:[eE][-+]\d+)?)$/;
/** What YAML 1.2 takes for a decimal number; `012` is octal to others and no number here. */
const readableYaml = /^[-+]?(?:(?:0|[1-9]\d*)|(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+)$/;

/** Whether a text may be written as a number of a data file. */
export function isDataNumber(text: string, path: string): boolean {
  return (isJson(path) ? jsonNumber : yamlNumber).test(text) && Number.isFinite(Number(text));
}

/** The number that a plain YAML scalar is, or null. */
export function readYamlNumber(text: string): { value: number; isInteger: boolean } | null {
  const value = readableYaml.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? { value, isInteger: /^[-+]?\d+$/.test(text) } : null;
}

/** The number that a JSON token is, or null for one beyond the range of a double. */
export function readJsonNumber(text: string): { value: number; isInteger: boolean } | null {
  const value = jsonNumber.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? { value, isInteger: /^-?\d+$/.test(text) } : null;
}

/**
 * A number as Python spells it, in the spelling of the file that it goes into; unchanged where that takes it as it is.
 *
 * @param text a finite Python number
 * @param path the file, whose ending decides the format
 */
export function numberTextFor(text: string, path: string): string {
  if (!isDataFile(path) || isDataNumber(text, path)) {
    return text;
  }
  const number = parsePythonNumber(text);
  if (number === null) {
    return text;
  }
  const plain =
    number.isInteger && Number.isSafeInteger(number.value)
      ? String(number.value)
      : pythonFloatText(number.value);
  return isJson(path) ? plain : plain.replace(/^(-?\d+)(e[-+]\d+)$/, '$1.0$2');
}

function isJson(path: string): boolean {
  return /\.jsonc?$/i.test(path);
}
