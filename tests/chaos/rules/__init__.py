"""The invariants, by what they are about. A rule is a pure function: a history goes in, findings come out."""
