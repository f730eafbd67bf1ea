"""Text to speech with eSpeak NG, through its C interface."""

import array
import ctypes

import espeakng_loader

from speech_ci.audio import Audio

# From eSpeak NG's speak_lib.h.
AUDIO_OUTPUT_SYNCHRONOUS = 2
PARAMETER_RATE = 1
POSITION_CHARACTER = 1
CHARS_UTF8 = 1

VOICES = {"alto": "en-us+f2", "bass": "en-us"}

SynthCallback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class Synthesizer:
    """One voice. eSpeak NG keeps its state per process, so use one synthesizer at a time."""

    def __init__(self, voice: str, words_per_minute: int = 150):
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self._sample_rate = self._library.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, data, 0)
        if self._sample_rate <= 0:
            raise RuntimeError(f"eSpeak NG did not start with the data in {data.decode()}")
        if self._library.espeak_SetVoiceByName(VOICES[voice].encode()) != 0:
            raise ValueError(f"eSpeak NG has no voice {VOICES[voice]!r}")
        self._library.espeak_SetParameter(PARAMETER_RATE, words_per_minute, 0)
        self._samples = array.array("h")
        # Kept on the object: the library holds only a C pointer to it.
        self._callback = SynthCallback(self._collect)
        self._library.espeak_SetSynthCallback(self._callback)

    def say(self, text: str) -> Audio:
        self._samples = array.array("h")
        encoded = text.encode() + b"\0"
        status = self._library.espeak_Synth(
            encoded, ctypes.c_size_t(len(encoded)), 0, POSITION_CHARACTER, 0, CHARS_UTF8, None, None
        )
        if status != 0 or self._library.espeak_Synchronize() != 0:
            raise RuntimeError(f"eSpeak NG could not say {text!r}")
        return Audio(self._samples, self._sample_rate)

    def _collect(self, samples, count, _events) -> int:
        if samples and count > 0:
            self._samples.frombytes(ctypes.string_at(samples, count * 2))
        return 0
