/**
 * A stage's title as reports show it. Titles in `stages.yaml` capitalise the group as any word (`MMSU Wer`), in old and new
 * directories alike; WER is an abbreviation.
 */
export function displayTitle(title: string): string {
  return title.replace(/(?<=^|\s)Wer$/, 'WER');
}
