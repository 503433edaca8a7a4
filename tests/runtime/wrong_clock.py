"""Runs a program whose wall clock is wrong: `python wrong_clock.py SECONDS PROGRAM [ARGUMENT]...`.

Owns how: nothing can be put between a static binary and the clock, and Linux has no namespace for this clock, so the program
is traced, the shortcut around the kernel is taken from it, and what the kernel answers is changed. Knows nothing of the
function. Ends as the program does, and takes it along where it is killed.

https://man7.org/linux/man-pages/man2/ptrace.2.html
"""

import ctypes
import os
import platform
import signal
import struct
import sys

_TRACE_ME, _CONTINUE_TO_CALL, _SET_OPTIONS, _GET_CALL = 0, 24, 0x4200, 0x420E
_TELL_CALLS_APART, _FOLLOW_THREADS, _KILL_AT_EXIT = 0x1, 0x2 | 0x4 | 0x8, 0x100000
# Of every child, threads included.
_WAIT_FOR_ALL = 0x40000000
_ENTRY, _EXIT = 1, 2

_CLOCK_GETTIME = {"x86_64": 228, "aarch64": 113}[platform.machine()]
_WALL_CLOCKS = (0, 5)

# Of the auxiliary vector: where the kernel's code that reads clocks without a call is, and what is to be ignored.
_SHORTCUT, _IGNORED = 33, 1

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request: int, process: int, address: int = 0, data: int = 0) -> None:
    if _libc.ptrace(request, process, address, data) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x}")


def _call(thread: int) -> tuple[int, int, tuple[int, ...]]:
    """Whether a system call begins or ends, the stack, and of one that begins its number and what it is given."""
    buffer = ctypes.create_string_buffer(88)
    _ptrace(_GET_CALL, thread, len(buffer), ctypes.addressof(buffer))
    kind, stack, *begins = struct.unpack_from("=B15xQ7Q", buffer)
    return kind, stack, tuple(begins)


def _take_the_shortcut(process: int) -> None:
    """Of a program that has not begun: its stack holds its arguments, its environment and the auxiliary vector."""
    _, at, _ = _call(process)
    with open(f"/proc/{process}/mem", "r+b", buffering=0) as memory:

        def word() -> int:
            nonlocal at
            memory.seek(at)
            at += 8
            return struct.unpack("=Q", memory.read(8))[0]

        arguments = word()
        at += 8 * (arguments + 1)
        while word():
            pass
        while (key := word()) != 0:
            if key == _SHORTCUT:
                memory.seek(at - 8)
                memory.write(struct.pack("=Q", _IGNORED))
            word()


def _shift(process: int, address: int, seconds: int) -> None:
    with open(f"/proc/{process}/mem", "r+b", buffering=0) as memory:
        memory.seek(address)
        (now,) = struct.unpack("=q", memory.read(8))
        memory.seek(address)
        memory.write(struct.pack("=q", now + seconds))


def _run(seconds: int, command: list[str]) -> int:
    process = os.fork()
    if process == 0:
        _ptrace(_TRACE_ME, 0)
        os.execv(command[0], command)
    os.waitpid(process, 0)
    _ptrace(_SET_OPTIONS, process, 0, _TELL_CALLS_APART | _FOLLOW_THREADS | _KILL_AT_EXIT)
    _take_the_shortcut(process)
    asked: dict[int, int] = {}
    begun = {process}
    thread, delivered = process, 0
    while True:
        _ptrace(_CONTINUE_TO_CALL, thread, 0, delivered)
        thread, status = os.waitpid(-1, _WAIT_FOR_ALL)
        while os.WIFEXITED(status) or os.WIFSIGNALED(status):
            if thread == process:
                return os.waitstatus_to_exitcode(status)
            thread, status = os.waitpid(-1, _WAIT_FOR_ALL)
        delivered = 0
        match os.WSTOPSIG(status):
            case stop if stop == signal.SIGTRAP | 0x80:
                kind, _, (number, clock, address, *_) = _call(thread)
                if kind == _ENTRY and number == _CLOCK_GETTIME and clock in _WALL_CLOCKS:
                    asked[thread] = address
                elif kind == _EXIT and thread in asked:
                    _shift(process, asked.pop(thread), seconds)
            case signal.SIGTRAP:
                pass
            case signal.SIGSTOP if thread not in begun:
                begun.add(thread)
            case stop:
                delivered = stop


if __name__ == "__main__":
    code = _run(int(sys.argv[1]), sys.argv[2:])
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)
