"""The suite that the GPU check calibrates: it holds memory, measures, and leaves a process with memory behind."""

import json
import subprocess
import sys
import time

import gpu_memory

# More than the 2048 MiB up to which a GPU counts as free.
MIB = 2304
SAMPLES = 3
GPU_THROUGHPUT_MIN = 0.001


def test_gpu_memory(tmp_path):
    memory = gpu_memory.GpuMemory(MIB)
    started = time.perf_counter()
    for _ in range(SAMPLES):
        memory.fill()
    fills_per_s = SAMPLES / max(time.perf_counter() - started, 1e-6)
    # A server that a test forgets: a session of its own, so that only its mark tells whose it is.
    left = subprocess.Popen(
        [sys.executable, gpu_memory.__file__, str(MIB)],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert left.stdout.readline().startswith("holding")
    results = {"total": SAMPLES, "ok": SAMPLES, "fills_per_s": fills_per_s, "left_behind": left.pid}
    (tmp_path / "results.json").write_text(json.dumps(results))
    assert fills_per_s >= GPU_THROUGHPUT_MIN
