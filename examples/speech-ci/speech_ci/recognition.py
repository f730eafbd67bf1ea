"""Speech to text with PocketSphinx and the English model that its package carries."""

from pocketsphinx import Decoder

from speech_ci.audio import Audio

# A chunk of a tenth of a second: what a microphone client would send at a time.
CHUNK_SECONDS = 0.1
BYTES_PER_SAMPLE = 2


class Recognizer:
    """Free dictation, or only the sentences of a JSGF grammar if one is given."""

    def __init__(self, sample_rate: int, grammar: str | None = None):
        # 1024 points: the analysis window does not fit into the default 512 above 16 kHz.
        self._decoder = Decoder(samprate=sample_rate, nfft=1024, loglevel="FATAL")
        if grammar is not None:
            self._decoder.add_jsgf_string("grammar", grammar)
            self._decoder.activate_search("grammar")

    def whole(self, audio: Audio) -> str:
        """The utterance handed over at once."""
        self._decoder.start_utt()
        self._decoder.process_raw(audio.to_bytes(), full_utt=True)
        return self._finish()

    def streamed(self, audio: Audio) -> str:
        """The utterance chunk by chunk: the decoder cannot normalise over what it has not heard yet."""
        chunk = int(audio.sample_rate * CHUNK_SECONDS) * BYTES_PER_SAMPLE
        data = audio.to_bytes()
        self._decoder.start_utt()
        for start in range(0, len(data), chunk):
            self._decoder.process_raw(data[start : start + chunk])
        return self._finish()

    def _finish(self) -> str:
        self._decoder.end_utt()
        hypothesis = self._decoder.hyp()
        return hypothesis.hypstr if hypothesis else ""
