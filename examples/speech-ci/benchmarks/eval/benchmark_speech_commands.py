"""Commands in a noisy room, recognised with a grammar."""

from pathlib import Path

from benchmarks.load import recognize_all, record
from benchmarks.measures import accuracy_of, samples_of, speed_of, wer_of
from benchmarks.result_file import write_results
from speech_ci.corpus import COMMAND_GRAMMAR, COMMANDS


def run_commands_benchmark(output_dir: str, voice: str, snr_db: float, max_samples: int, max_concurrency: int) -> dict:
    """Measures, writes `commands_results.json` below `output_dir` and returns the same."""
    utterances = record(COMMANDS[:max_samples], voice, snr_db)
    load = recognize_all(utterances, "whole", max_concurrency, COMMAND_GRAMMAR)
    results = {
        "summary": accuracy_of(load),
        "wer": {"summary": wer_of(load)},
        "speed": speed_of(load),
        "samples": samples_of(load),
    }
    return write_results(Path(output_dir) / "commands_results.json", results)
