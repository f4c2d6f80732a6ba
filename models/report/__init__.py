"""The pages of one model: its evaluation, its card, and the sheets of TRIPOD+AI and PROBAST+AI, filled from the run."""

from models.report.card_page import render_card
from models.report.page import render
from models.report.sheets import filled, render_sheet
from models.report.write import write_pages

__all__ = ["filled", "render", "render_card", "render_sheet", "write_pages"]
