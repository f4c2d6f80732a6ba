"""The synthetic region: `synthesise` writes a region's registers, and apart from them the truth behind them."""

from pipelines.synthesis.following import simulate
from pipelines.synthesis.policy import Policy
from pipelines.synthesis.region import synthesise
from pipelines.synthesis.registers import QUIRKS

__all__ = ["QUIRKS", "Policy", "simulate", "synthesise"]
