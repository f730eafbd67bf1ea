import { CalibError } from '../calib-error.ts';
import { compactUtcTimestamp } from '../clock.ts';

/** The parts of a session id. */
export interface SessionIdParts {
  /** `YYYYMMDDTHHMMSSZ`. */
  timestamp: string;
  label: string;
}

const LABEL = /^[A-Za-z0-9._-]+$/;
const SESSION_ID = /^(\d{8}T\d{6}Z)_([A-Za-z0-9._-]+)$/;

/** Session ids are folder names with other names appended; file systems allow 255 bytes. */
const MAX_LABEL_LENGTH = 80;

/**
 * `<YYYYMMDDTHHMMSSZ>_<label>`: base name of the run directory and workflow id (spec 05 §2, 08).
 *
 * @throws CalibError for a label that is empty, too long, or holds anything outside `[A-Za-z0-9._-]`.
 */
export function makeSessionId(date: Date, label: string): string {
  return `${compactUtcTimestamp(date)}_${checkLabel(label)}`;
}

/** The parts of a session id, or null for a text that is none. */
export function parseSessionId(id: string): SessionIdParts | null {
  const [, timestamp, label] = SESSION_ID.exec(id) ?? [];
  return timestamp === undefined || label === undefined ? null : { timestamp, label };
}

function checkLabel(label: string): string {
  if (LABEL.test(label) && label.length <= MAX_LABEL_LENGTH) return label;
  throw new CalibError('invalid-input', `label ${JSON.stringify(label)} cannot name a run directory`, {
    remedy: `use 1 to ${MAX_LABEL_LENGTH} of the characters A-Z a-z 0-9 . _ -, as in "mmsu_r3"`,
  });
}
