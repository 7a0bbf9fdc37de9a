"""The contract between services: one module per publishing service, one class per fact.

Changes are additive only. Each version of each fact has a committed example in `examples/`, which today's model must
still read.
"""
