"""Free dictation of the same recordings in two ways: each utterance whole, and streamed in chunks."""

from pathlib import Path

from benchmarks.load import recognize_all, record
from benchmarks.measures import samples_of, speed_of, wer_of
from benchmarks.result_file import write_results
from speech_ci.corpus import DICTATION

MODES = {"whole": "whole", "stream": "streamed"}


def run_dictation_benchmark(
    output_dir: str, voice: str, snr_db: float, max_samples: int, max_concurrency: int
) -> dict[str, dict]:
    """Measures, writes `whole.json` and `stream.json` into `output_dir` and returns both by these names."""
    utterances = record(DICTATION[:max_samples], voice, snr_db)
    results = {}
    for variant, mode in MODES.items():
        load = recognize_all(utterances, mode, max_concurrency)
        results[variant] = write_results(
            Path(output_dir) / f"{variant}.json",
            {"voice": voice, "summary": wer_of(load), "speed": speed_of(load), "samples": samples_of(load)},
        )
    return results
