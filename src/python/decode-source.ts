import { CalibError } from '../domain/calib-error.ts';

/**
 * Decodes a Python file without changing a byte's meaning: a byte-order mark and line ends stay, so that byte offsets
 * found in the text are those of the file.
 *
 * @param file the name used in the message
 * @throws CalibError `invalid-input` when the bytes are not UTF-8
 */
export function decodePythonSource(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new CalibError('invalid-input', `${file}: the file is not UTF-8 text`, {
      remedy: 'save the file as UTF-8, the encoding that Python assumes',
      cause,
    });
  }
}
