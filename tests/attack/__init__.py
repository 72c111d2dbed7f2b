"""Attacks on every channel and decoder: what fell once must not fall again.

`tox -e attack` runs all of each attack, the ordinary suite a sample (`--attack full` and `--attack
sampled`). Channels are found by what the services of the sandbox declare (`demo_channels`), so a
new kind is attacked as soon as it has one. A new sort of connection needs a row in `_channels.Wire`
and a zoo of its own; a new decoder a row in `test_fuzz.TARGETS`.
"""
