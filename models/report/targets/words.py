"""The words that quality targets are told in, in a report and on a page, from their own file."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from models.report.words import Words, read
from stratify.quality.counting import OTHER
from stratify.quality.cuts import NOT_TOLD

FILE = Path(__file__).parent / "words.toml"
REST = (OTHER, NOT_TOLD)  # labels that are no unit and no group: what makes the whole complete


class ReportWords(Words):
    """The words of the report in one language; a page that is no report has other links (`link`, `figures_file`).

    >>> ReportWords("da").group("education", "short"), ReportWords("en").unit("not told")
    ('Kort', 'Not told')
    """

    file: ClassVar[Path] = FILE
    figures_file = "points.csv"  # where the figures of what is not told one by one stand

    def __call__(self, place: str, **filled: str) -> str:
        """Return the words at "section/key", its braces filled; {file} is where all figures stand."""
        return super().__call__(place, **{"file": self.figures_file, **filled})

    def link(self, key: str) -> str:
        """Return the address of what is told of a target: its section on the same page."""
        return f"#t-{key}"

    def day(self, iso: str) -> str:
        """Return a day in words.

        >>> ReportWords("da").day("2025-03-01"), ReportWords("en").day("2025-03-01")
        ('1. marts 2025', '1 March 2025')
        """
        year, month, at = iso.split("-")
        months = self("periods/months").split()
        return self("periods/day", day=str(int(at)), month=months[int(month) - 1], year=year)

    def unit(self, label: str) -> str:
        """Return the name of a unit; that of the region, of those elsewhere and of those not told in words.

        >>> ReportWords("da").unit("Regionspsykiatrien Randers"), ReportWords("da").unit("not told")
        ('Regionspsykiatrien Randers', 'Ikke oplyst')
        """
        if label in REST:
            return self(f"units/{label.replace(' ', '_')}")
        return label or self("units/region")

    def group(self, cut: str, label: str) -> str:
        """Return the name of a group of a cut."""
        return self.named("groups", f"{cut} {label}") if f"{cut} {label}" in read(self.file)["groups"] else label

    def axis(self, period: str) -> str:
        """Return a period as an axis has it.

        >>> ReportWords("da").axis("2024-Q3"), ReportWords("da").axis("2024-05")
        ('2024-K3', '2024-05')
        """
        return period.replace("Q", self("periods/quarter_mark"))

    def period(self, name: str) -> str:
        """Return a period in words.

        >>> ReportWords("da").period("2024-Q3"), ReportWords("en").period("2024-05"), ReportWords("da").period("2024")
        ('3. kvartal 2024', 'May 2024', '2024')
        """
        year, _, part = name.partition("-")
        if not part:
            return year
        if part.startswith("Q"):
            return self("periods/quarter", n=part[1:], year=year)
        return f"{self('periods/months').split()[int(part) - 1]} {year}"

    def listed(self, names: list[str]) -> str:
        """Return names one after the other.

        >>> ReportWords("da").listed(["a", "b", "c"])
        'a, b og c'
        """
        return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {self('page/and')} {names[-1]}"
