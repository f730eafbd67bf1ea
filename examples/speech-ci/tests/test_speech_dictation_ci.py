"""CI: free dictation by one of two voices, whole and streamed."""

import os
import random

import pytest

from benchmarks.eval.benchmark_speech_dictation import run_dictation_benchmark
from benchmarks.slack import assert_speed
from tests.speech_dictation_limits import SPEED_THRESHOLDS, WER_THRESHOLDS

CONCURRENCY = 2
MAX_SAMPLES = 12
SNR_DB = 30.0

# CI takes one voice per run, by chance; SPEECH_CI_VOICE says which.
VOICE = os.environ.get("SPEECH_CI_VOICE") or random.choice(["alto", "bass"])


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Both result files are on disk before the first test looks at a figure."""
    return run_dictation_benchmark(
        output_dir=str(tmp_path_factory.mktemp("dictation")),
        voice=VOICE,
        snr_db=SNR_DB,
        max_samples=MAX_SAMPLES,
        max_concurrency=CONCURRENCY,
    )


@pytest.mark.parametrize("variant", ["whole", "stream"])
def test_dictation_is_understood(results, variant):
    summary = results[variant]["summary"]
    print(f"{VOICE} {variant}: corpus WER {summary['wer_corpus']:.4f}")
    assert summary["scored_samples"] == MAX_SAMPLES
    assert summary["wer_corpus"] <= WER_THRESHOLDS[VOICE, variant]


@pytest.mark.parametrize("variant", ["whole", "stream"])
def test_dictation_keeps_up(results, variant):
    speed = results[variant]["speed"]
    print(f"{VOICE} {variant}: {speed}")
    assert speed["completed_requests"] == MAX_SAMPLES
    assert_speed(speed, SPEED_THRESHOLDS[VOICE, variant][CONCURRENCY])
