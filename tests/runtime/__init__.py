"""The built function, run as Lambda runs it.

Owns the emulator and what the function's answers, logs and process must be like, whatever it decides.
What it decides is written beside each event, in events/<case>.expected.json.
"""
