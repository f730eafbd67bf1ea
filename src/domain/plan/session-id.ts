import { CalibError } from '../calib-error.ts';
import { compactUtcTimestamp } from '../clock.ts';

const labelForm = /^[A-Za-z0-9._-]+$/;

/** Session ids are folder names with other names appended; file systems allow 255 bytes. */
const maxLabelLength = 80;

/**
 * `<YYYYMMDDTHHMMSSZ>_<label>`: base name of the run directory and workflow id (spec 05 §2, 08).
 *
 * @throws CalibError for a label that is empty, too long, or holds anything outside `[A-Za-z0-9._-]`.
 */
export function makeSessionId(date: Date, label: string): string {
  return `${compactUtcTimestamp(date)}_${checkLabel(label)}`;
}

function checkLabel(label: string): string {
  if (labelForm.test(label) && label.length <= maxLabelLength) return label;
  throw new CalibError('invalid-input', `label ${JSON.stringify(label)} cannot name a run directory`, {
    remedy: `use 1 to ${maxLabelLength} of the characters A-Z a-z 0-9 . _ -, as in "mmsu_r3"`,
  });
}
