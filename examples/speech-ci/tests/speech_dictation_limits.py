"""References of the dictation test, per voice: the worst of N runs on the reference host, without slack."""

from benchmarks.slack import apply_speed_slack, apply_wer_slack

ALTO_WER_MAX_CORPUS = 0.35
_ALTO_P95 = {
    2: {"throughput_qps": 0.8, "latency_mean_s": 2.0, "latency_p95_s": 4.0, "rtf_mean": 0.8},
}
ALTO_STREAM_WER_MAX_CORPUS = 0.35
_ALTO_STREAM_P95 = {
    2: {"throughput_qps": 0.8, "latency_mean_s": 2.0, "latency_p95_s": 4.0, "rtf_mean": 0.8},
}

BASS_WER_MAX_CORPUS = 0.35
_BASS_P95 = {
    2: {"throughput_qps": 0.8, "latency_mean_s": 2.0, "latency_p95_s": 4.0, "rtf_mean": 0.8},
}
BASS_STREAM_WER_MAX_CORPUS = 0.4
_BASS_STREAM_P95 = {
    2: {"throughput_qps": 0.8, "latency_mean_s": 2.0, "latency_p95_s": 4.0, "rtf_mean": 0.8},
}

# What CI asserts.
ALTO_WER_MAX_CORPUS_THRESHOLD = apply_wer_slack(ALTO_WER_MAX_CORPUS)
ALTO_STREAM_WER_MAX_CORPUS_THRESHOLD = apply_wer_slack(ALTO_STREAM_WER_MAX_CORPUS)
BASS_WER_MAX_CORPUS_THRESHOLD = apply_wer_slack(BASS_WER_MAX_CORPUS)
BASS_STREAM_WER_MAX_CORPUS_THRESHOLD = apply_wer_slack(BASS_STREAM_WER_MAX_CORPUS)

WER_THRESHOLDS = {
    ("alto", "whole"): ALTO_WER_MAX_CORPUS_THRESHOLD,
    ("alto", "stream"): ALTO_STREAM_WER_MAX_CORPUS_THRESHOLD,
    ("bass", "whole"): BASS_WER_MAX_CORPUS_THRESHOLD,
    ("bass", "stream"): BASS_STREAM_WER_MAX_CORPUS_THRESHOLD,
}
SPEED_THRESHOLDS = {
    ("alto", "whole"): apply_speed_slack(_ALTO_P95),
    ("alto", "stream"): apply_speed_slack(_ALTO_STREAM_P95),
    ("bass", "whole"): apply_speed_slack(_BASS_P95),
    ("bass", "stream"): apply_speed_slack(_BASS_STREAM_P95),
}
