"""Chaos: people book while everything is killed and frozen; then a checker proves that nothing was lost or doubled.

`python -m tests.chaos --seed N --minutes M` makes a long run, `test_chaos.py` a short one, `test_breakages.py` shows
that the checker finds each rule broken.
"""
