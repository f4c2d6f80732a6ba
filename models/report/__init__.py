"""The pages of one model: its evaluation, its card, and the sheets of TRIPOD+AI and PROBAST+AI, filled from the run."""

# CARD
from models.report.page import render
# SHEETS
# WRITE

__all__ = ["filled", "render", "render_card", "render_sheet", "write_pages"]
