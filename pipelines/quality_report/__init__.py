"""The report of the quality targets: the page that is opened before a meeting, in Danish and in English."""

from pipelines.quality_report.write import FILES, render, write_report

__all__ = ["FILES", "render", "write_report"]
