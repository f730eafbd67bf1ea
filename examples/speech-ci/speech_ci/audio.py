"""Mono 16-bit audio, the only kind this suite knows."""

import array
import math
import random
from dataclasses import dataclass

MAX_AMPLITUDE = 32767


@dataclass(frozen=True)
class Audio:
    samples: array.array
    sample_rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate

    def to_bytes(self) -> bytes:
        return self.samples.tobytes()


def in_a_noisy_room(speech: Audio, snr_db: float, pause_seconds: float = 0.25) -> Audio:
    """The speech with a pause on either side and white noise over all of it.

    The noise is drawn anew on every call, as in a real room: no two runs of the suite hear quite the same thing.
    """
    pause = [0] * int(pause_seconds * speech.sample_rate)
    loudness = math.sqrt(sum(sample * sample for sample in speech.samples) / len(speech.samples))
    noise = loudness / 10 ** (snr_db / 20)
    mixed = (round(sample + random.gauss(0, noise)) for sample in [*pause, *speech.samples, *pause])
    clipped = array.array("h", (max(-MAX_AMPLITUDE, min(MAX_AMPLITUDE, sample)) for sample in mixed))
    return Audio(clipped, speech.sample_rate)
