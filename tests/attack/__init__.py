"""Attacks on every channel and decoder: what fell once must not fall again.

Each test here has the mark `attack`. `tox -e attack` runs all of each attack (`--attack full`), the
ordinary suite and `tox -e floors` a sample (`--attack sampled`). Channels are found by what the
services of the sandbox declare (`demo_channels`), so a new kind is attacked as soon as it has one.
A new sort of connection needs a row in `_channels.Wire` and a zoo of its own; a new decoder a row
in `test_fuzz.TARGETS`.
"""
