"""Holds memory on a GPU through the driver's own library: neither a toolkit nor a package is needed.

As a program: gpu_memory.py MIB [SECONDS] prints "holding MIB" and keeps the memory until it is ended, at most SECONDS.
"""

import ctypes
import sys
import time


class GpuMemory:
    """Memory on the first GPU that CUDA_VISIBLE_DEVICES leaves; given back when the process ends."""

    def __init__(self, mib: int) -> None:
        self._cuda = ctypes.CDLL("libcuda.so.1")
        self._bytes = ctypes.c_size_t(mib << 20)
        device = ctypes.c_int()
        self._context = ctypes.c_void_p()
        self._pointer = ctypes.c_uint64()
        self._call("cuInit", 0)
        self._call("cuDeviceGet", ctypes.byref(device), 0)
        self._call("cuCtxCreate_v2", ctypes.byref(self._context), 0, device)
        self._call("cuMemAlloc_v2", ctypes.byref(self._pointer), self._bytes)
        self.fill()

    def fill(self) -> None:
        """Writes every byte once and waits for the GPU."""
        self._call("cuMemsetD8_v2", self._pointer, ctypes.c_ubyte(1), self._bytes)
        self._call("cuCtxSynchronize")

    def _call(self, name: str, *arguments: object) -> None:
        status = getattr(self._cuda, name)(*arguments)
        if status != 0:
            raise RuntimeError(f"{name} of libcuda.so.1 gave error {status}")


if __name__ == "__main__":
    memory = GpuMemory(int(sys.argv[1]))
    print("holding", sys.argv[1], flush=True)
    time.sleep(float(sys.argv[2]) if len(sys.argv) > 2 else 240)
