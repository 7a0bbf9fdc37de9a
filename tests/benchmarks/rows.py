"""What a benchmark found, and how it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the result table; `met` is None where there is no aim."""

    what: str
    ours: str
    baseline: str
    ratio: str
    aim: str
    met: bool | None


def compare(what: str, unit: str, ours: Sequence[float], bare: Sequence[float], aim: float) -> Row:
    """Rates of both, higher is better; the ratio is the median of the ratios of each round."""
    ratios = [mine / other for mine, other in zip(ours, bare, strict=True)]
    spread = f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    return Row(
        what, f"{median(ours):,.0f} {unit}", f"{median(bare):,.0f} {unit}", spread, f">= {aim}", median(ratios) >= aim
    )


def at_most(what: str, unit: str, found: float, aim: float) -> Row:
    """A figure that should stay below an aim."""
    return Row(what, f"{found:,.1f} {unit}", "", "", f"<= {aim:g} {unit}", found <= aim)


def at_most_times(what: str, unit: str, found: float, usual: float, aim: float) -> Row:
    """A figure that should stay below a multiple of what it usually is."""
    ratio = found / usual
    return Row(what, f"{found:,.1f} {unit}", f"{usual:,.1f} {unit}", f"{ratio:.2f}", f"<= {aim:g}", ratio <= aim)


def remark(what: str, found: str) -> Row:
    """A figure without an aim."""
    return Row(what, found, "", "", "", None)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    met = {True: "yes", False: "no", None: ""}
    lines = ["| what | ours | baseline | ratio | aim | met |", "| --- | --- | --- | --- | --- | --- |"]
    lines += [
        f"| {row.what} | {row.ours} | {row.baseline} | {row.ratio} | {row.aim} | {met[row.met]} |" for row in rows
    ]
    return "\n".join(lines)
