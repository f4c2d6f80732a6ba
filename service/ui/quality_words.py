"""The words that targets are told in on a page: those of the report, with the links and files of the service."""

from __future__ import annotations

from models.report.targets.words import ReportWords

ADDRESS = "/ui/quality"


class TargetWords(ReportWords):
    """The words of the report in one language, on the pages of the service.

    >>> TargetWords("da").link("smi_lab2")
    '/ui/quality/smi_lab2'
    """

    def __init__(self, code: str, key: str = "") -> None:
        super().__init__(code)
        self.figures_file = f"{key}.csv"

    def link(self, key: str) -> str:
        """Return the address of a target's page."""
        return f"{ADDRESS}/{key}"
