"""Charts as inline SVG with no library: what stands on every page of figures that this project writes.

Colours and letters come from `STYLE` by class: light, dark and print. Series differ in stroke and mark as well as in
colour. Every chart is an image with a title and a description; the figures it is drawn from lie behind it as a table.
"""

from pathlib import Path

from stratify.charts.bars import Bar, bars
from stratify.charts.basis import Point, Scale, Table, ends, picture, text, ticks
from stratify.charts.control import control
from stratify.charts.forest import Estimate, forest
from stratify.charts.funnel import funnel
from stratify.charts.icons import icons
from stratify.charts.lines import lines
from stratify.charts.risks import calibration, decision, roc
from stratify.charts.small import marks_in, reach_of, small_control
from stratify.charts.timeline import Lane, Part, Span, timeline
from stratify.charts.tongue import DA, EN, TONGUES, Tongue

STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")

__all__ = [
    "DA", "EN", "STYLE", "TONGUES", "Bar", "Estimate", "Lane", "Part", "Point", "Scale", "Span", "Table", "Tongue",
    "bars", "calibration", "control", "decision", "ends", "forest", "funnel", "icons", "lines", "marks_in", "picture",
    "reach_of", "roc", "small_control", "text", "ticks", "timeline",
]  # fmt: skip
