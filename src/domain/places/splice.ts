import type { SourceSpan } from './source-position.ts';

/** Bytes of a file that are replaced, and the text that takes their place. */
export interface EditSpan {
  start: number;
  end: number;
  text: string;
}

/**
 * One span a literal, in the order of the file.
 *
 * @param edits `name` is used in the refusal of two texts for one literal
 */
export function distinctSpans(
  edits: readonly { span: SourceSpan; text: string; name: string }[],
): { spans: EditSpan[] } | { conflict: string } {
  const spans = new Map<number, EditSpan>();
  for (const { span, text, name } of edits) {
    const known = spans.get(span.startByte);
    if (known !== undefined && known.text !== text) {
      return { conflict: `${name} shares its literal with another metric: ${known.text} or ${text}?` };
    }
    spans.set(span.startByte, { start: span.startByte, end: span.endByte, text });
  }
  return { spans: [...spans.values()].sort((left, right) => left.start - right.start) };
}

/** The bytes with every span replaced; everything else is taken over as it is. */
export function splice(bytes: Uint8Array, spans: readonly EditSpan[]): Uint8Array {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { start, end, text } of spans) {
    parts.push(bytes.subarray(from, start), encoder.encode(text));
    from = end;
  }
  parts.push(bytes.subarray(from));
  const result = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** Where the spans lie once every one has its new length; texts are numbers, one byte a character. */
export function movedSpans(spans: readonly EditSpan[]): EditSpan[] {
  let shift = 0;
  return spans.map(({ start, end, text }) => {
    const moved = { start: start + shift, end: start + shift + text.length, text };
    shift += text.length - (end - start);
    return moved;
  });
}
