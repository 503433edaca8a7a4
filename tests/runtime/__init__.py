"""The built function, run as Lambda runs it.

Owns the emulator, a Runtime API of its own for faults, and what the function's answers, logs and process must be like,
whatever it decides.
What it decides is written beside each event, in events/<case>.expected.json.
"""
