"""CI: spoken commands are understood, and fast enough."""

from benchmarks.eval.benchmark_speech_commands import run_commands_benchmark
from benchmarks.slack import apply_accuracy_slack, apply_speed_slack, apply_wer_slack, assert_speed

CONCURRENCY = 2
MAX_SAMPLES = 16
SNR_DB = 5.0

# References: the worst of N runs on the reference host. The slack on top of them is CI's business.
COMMANDS_MIN_ACCURACY = 0.4
COMMANDS_WER_MAX_CORPUS = 0.25
_COMMANDS_P95 = {
    2: {
        "throughput_qps": 1.5,
        "latency_mean_s": 1.0,
        "latency_p95_s": 2.0,
        "rtf_mean": 0.5,
    },
}

COMMANDS_MIN_ACCURACY_THRESHOLD = apply_accuracy_slack(COMMANDS_MIN_ACCURACY)
COMMANDS_WER_MAX_CORPUS_THRESHOLD = apply_wer_slack(COMMANDS_WER_MAX_CORPUS)
COMMANDS_SPEED_THRESHOLDS = apply_speed_slack(_COMMANDS_P95)


def test_commands_are_recognised(tmp_path):
    results = run_commands_benchmark(
        output_dir=str(tmp_path / "commands"),
        voice="bass",
        snr_db=SNR_DB,
        max_samples=MAX_SAMPLES,
        max_concurrency=CONCURRENCY,
    )
    summary, wer, speed = results["summary"], results["wer"]["summary"], results["speed"]
    print(f"accuracy {summary['accuracy']:.4f}  corpus WER {wer['wer_corpus']:.4f}  {speed}")

    assert speed["completed_requests"] == MAX_SAMPLES
    assert summary["accuracy"] >= COMMANDS_MIN_ACCURACY_THRESHOLD
    assert wer["wer_corpus"] <= COMMANDS_WER_MAX_CORPUS_THRESHOLD
    assert_speed(speed, COMMANDS_SPEED_THRESHOLDS[CONCURRENCY])
