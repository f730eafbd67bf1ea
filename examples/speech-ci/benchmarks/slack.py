"""From a measured reference to the threshold that CI asserts: a reference is what the worst run on the reference host
showed, and other hosts may be that much worse."""

WER_SLACK = 1.25
ACCURACY_SLACK = 0.9
SLOWER = 1.5


def apply_wer_slack(reference: float) -> float:
    return reference * WER_SLACK


def apply_accuracy_slack(reference: float) -> float:
    return reference * ACCURACY_SLACK


def apply_speed_slack(references: dict[int, dict[str, float]]) -> dict[int, dict[str, float]]:
    """Per concurrency: throughput may be lower, everything else higher."""
    return {
        concurrency: {
            name: value / SLOWER if name == "throughput_qps" else value * SLOWER for name, value in figures.items()
        }
        for concurrency, figures in references.items()
    }


def assert_speed(speed: dict[str, float], thresholds: dict[str, float]) -> None:
    """Reports every figure that misses its threshold, not only the first."""
    misses = [
        f"{name} {speed[name]:.4f} misses {threshold:.4f}"
        for name, threshold in thresholds.items()
        if (speed[name] < threshold if name == "throughput_qps" else speed[name] > threshold)
    ]
    assert not misses, "; ".join(misses)
