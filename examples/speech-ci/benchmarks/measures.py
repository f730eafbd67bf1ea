"""What a finished load says about accuracy and speed."""

import math
from statistics import mean

import jiwer

from benchmarks.load import Answer, Load


def accuracy_of(load: Load) -> dict:
    right = sum(answer.hypothesis == answer.reference for answer in load.answers)
    return {"total_samples": load.requests, "correct_samples": right, "accuracy": right / load.requests}


def wer_of(load: Load) -> dict:
    return {
        "total_samples": load.requests,
        "scored_samples": len(load.answers),
        "wer_corpus": jiwer.wer(
            [answer.reference for answer in load.answers], [answer.hypothesis for answer in load.answers]
        ),
        "wer_per_sample_max": max(_wer(answer) for answer in load.answers),
    }


def speed_of(load: Load) -> dict:
    latencies = sorted(answer.latency_seconds for answer in load.answers)
    return {
        "completed_requests": len(load.answers),
        "throughput_qps": len(load.answers) / load.wall_seconds,
        "latency_mean_s": mean(latencies),
        # Nearest rank: always a latency that occurred.
        "latency_p95_s": latencies[math.ceil(0.95 * len(latencies)) - 1],
        "rtf_mean": mean(answer.latency_seconds / answer.audio_seconds for answer in load.answers),
    }


def samples_of(load: Load) -> list[dict]:
    return [
        {
            "reference": answer.reference,
            "hypothesis": answer.hypothesis,
            "wer": _wer(answer),
            "latency_s": answer.latency_seconds,
        }
        for answer in load.answers
    ]


def _wer(answer: Answer) -> float:
    return jiwer.wer(answer.reference, answer.hypothesis)
