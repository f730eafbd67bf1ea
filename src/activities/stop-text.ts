import type { OwnStop } from '../domain/pytest/classify-end.ts';

/** How a reason to stop travels through the launch's folder; read again by `classifyEnded`. */
export function stopText(stop: OwnStop): string {
  return JSON.stringify(stop);
}
