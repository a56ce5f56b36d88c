"""The figures of `./dev bench`: what was measured, its budget, and the table of both."""

import json
import operator
import os
import pathlib

COMPARISONS = {"<=": operator.le, "<": operator.lt, ">=": operator.ge}


class Figures:
    """Figures in the order in which they were measured, each with this host's load average at that time."""

    def __init__(self):
        self.rows = []

    def add(self, name: str, value: float, unit: str, budget: tuple[str, float] | None = None) -> None:
        """One figure. `budget` is a comparison and a number, as design.md gives it; None for what only explains another."""
        met = COMPARISONS[budget[0]](value, budget[1]) if budget else None
        self.rows.append({
            "name": name, "value": value, "unit": unit, "budget": budget and f"{budget[0]} {budget[1]:g}", "met": met,
            "load_average": os.getloadavg()[0],
        })  # fmt: skip

    def table(self) -> str:
        """All figures as text, one a line."""
        marks = {True: "met", False: "MISSED", None: ""}
        lines = [("figure", "measured", "unit", "budget", "", "load")]
        for row in self.rows:
            lines.append((row["name"], shown(row["value"]), row["unit"], row["budget"] or "", marks[row["met"]],
                          f"{row['load_average']:.1f}"))  # fmt: skip
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        return "\n".join(
            "  ".join(cell.rjust(width) if column in (1, 5) else cell.ljust(width)
                      for column, (cell, width) in enumerate(zip(line, widths))).rstrip()
            for line in lines
        )  # fmt: skip

    def write(self, path: pathlib.Path) -> None:
        """All figures as JSON."""
        path.write_text(json.dumps({"processors": os.cpu_count(), "figures": self.rows}, indent=2) + "\n")


def shown(value: float) -> str:
    """A number with about three digits that matter."""
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 0.1 else f"{value:.3g}"
