"""Sends utterances to recognizers, several at a time, and times each of them."""

import multiprocessing
import time
from dataclasses import dataclass
from functools import partial

from speech_ci.audio import Audio, in_a_noisy_room
from speech_ci.recognition import Recognizer
from speech_ci.synthesis import Synthesizer

START_UP_SECONDS = 120


@dataclass(frozen=True)
class Utterance:
    text: str
    audio: Audio


@dataclass(frozen=True)
class Answer:
    reference: str
    hypothesis: str
    audio_seconds: float
    latency_seconds: float


@dataclass(frozen=True)
class Load:
    requests: int
    answers: list[Answer]
    wall_seconds: float


def record(sentences: list[str], voice: str, snr_db: float) -> list[Utterance]:
    """The sentences spoken by `voice` in a noisy room."""
    synthesizer = Synthesizer(voice)
    return [Utterance(text, in_a_noisy_room(synthesizer.say(text), snr_db)) for text in sentences]


def recognize_all(utterances: list[Utterance], mode: str, max_concurrency: int, grammar: str | None = None) -> Load:
    """Every utterance once, in `mode` ("whole" or "streamed"), by `max_concurrency` processes.

    The clock starts when all of them have loaded their model. A process starts the same way everywhere ("spawn"), so
    that figures of different systems compare.
    """
    context = multiprocessing.get_context("spawn")
    all_ready = context.Barrier(max_concurrency + 1)
    sample_rate = utterances[0].audio.sample_rate
    with context.Pool(max_concurrency, _start_worker, (sample_rate, grammar, all_ready)) as pool:
        all_ready.wait(START_UP_SECONDS)
        started = time.perf_counter()
        answers = pool.map(partial(_recognize, mode), utterances, chunksize=1)
        return Load(len(utterances), answers, time.perf_counter() - started)


def _start_worker(sample_rate: int, grammar: str | None, all_ready) -> None:
    # A pool has no other place for what a worker process keeps between two tasks.
    global _recognizer
    _recognizer = Recognizer(sample_rate, grammar)
    all_ready.wait(START_UP_SECONDS)


def _recognize(mode: str, utterance: Utterance) -> Answer:
    started = time.perf_counter()
    hypothesis = getattr(_recognizer, mode)(utterance.audio)
    latency = time.perf_counter() - started
    return Answer(utterance.text, hypothesis, utterance.audio.seconds, latency)
