"""Statistical process control: charts of a target over time and over units, and what they say, in numpy alone.

No point is ever judged that is immature, excluded, hidden or without a denominator. See docs/spc.md for which chart
when, the rules and their false alarms.
"""

from stratify.quality.spc.alarms import FalseAlarms, false_alarms
from stratify.quality.spc.chart import Chart, Charts, Direction, Rules, chart, charts
from stratify.quality.spc.delays import Delay, delay
from stratify.quality.spc.funnel import Funnel, funnel
from stratify.quality.spc.laney import choose, sigma_z_limit
from stratify.quality.spc.limits import Kind
from stratify.quality.spc.nhs import first_rule, seven_one_side, seven_trend, two_in_three
from stratify.quality.spc.reading import (
    Assurance,
    Holding,
    Latest,
    Variation,
    assurance,
    assured,
    held,
    holding,
    latest_signal,
    variation,
)
from stratify.quality.spc.runs import Runs, anhoej, anhoej_limits

__all__ = [
    "Assurance", "Chart", "Charts", "Delay", "Direction", "FalseAlarms", "Funnel", "Holding", "Kind", "Latest", "Rules",
    "Runs", "Variation", "anhoej", "anhoej_limits", "assurance", "assured", "chart", "charts", "choose", "delay",
    "false_alarms", "first_rule", "funnel", "held", "holding", "latest_signal", "seven_one_side", "seven_trend",
    "sigma_z_limit", "two_in_three", "variation",
]  # fmt: skip
