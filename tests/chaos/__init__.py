"""Chaos: people act while everything is killed and frozen; then a checker proves that nothing was lost or doubled.

The people are in `people/`: they book, move, wait, are called and told, close stations, plan stops of the Bürgermobil
and call them off. What must hold is in `rules/`.

`python -m tests.chaos --seed N --minutes M` makes a long run, `test_chaos.py` a short one, `test_breakages.py` shows
that the checker finds each rule broken.
"""
