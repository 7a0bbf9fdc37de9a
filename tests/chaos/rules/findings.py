"""What a rule finds in a history."""

from collections.abc import Iterator
from typing import Final

A_CASE: Final = None
"""Something the rule is about has happened: it might have been broken there. A rule without a case proves nothing."""
Findings = Iterator[str | None]
"""Words for what breaks a rule, and `A_CASE` for each case it had."""
