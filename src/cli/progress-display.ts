import { createLogUpdate } from 'log-update';

import { answerJson, colours, note } from './output.ts';
import {
  type Progress,
  changeKey,
  progressEvent,
  progressLine,
  progressLines,
  strictText,
} from './progress-view.ts';

export interface ProgressDisplay {
  show: (progress: Progress) => void;
  close: () => void;
}

/** A redrawn view on a terminal, one line per change elsewhere, one JSON line per change with `json`. */
export function createProgressDisplay(json: boolean): ProgressDisplay {
  if (!json && process.stderr.isTTY) return redrawn();
  let last = '';
  let lastAt = 0;
  return {
    show: (progress) => {
      const change = changeKey(progress);
      const at = progress.now.getTime();
      if (change === last && at - lastAt < longestSilenceMs(progress)) return;
      last = change;
      lastAt = at;
      if (json) answerJson(progressEvent(progress), 'line');
      else note(progressLine(progress));
    },
    close: () => undefined,
  };
}

/** Spec 05 §11: a minute, or less where the host profile says so. */
function longestSilenceMs({ plan }: Progress): number {
  return Math.min(plan.policies.progress_s ?? 60, 60) * 1000;
}

function redrawn(): ProgressDisplay {
  const stream = process.stderr;
  const draw = createLogUpdate(stream);
  let title = '';
  return {
    show: (progress) => {
      const size = { columns: stream.columns || 80, rows: stream.rows || 24 };
      draw(progressLines(progress, size, colours(stream)).join('\n'));
      const { kind } = progress.state.phase;
      const waits = ['halted', 'blocked', 'awaiting_decision'].includes(kind);
      const wanted = `calib: ${waits ? kind : strictText(progress)}`;
      if (wanted === title) return;
      title = wanted;
      // Window title; and a bell where a person has to act.
      stream.write(`\u001b]0;${title}\u0007${waits ? '\u0007' : ''}`);
    },
    close: () => draw.done(),
  };
}
