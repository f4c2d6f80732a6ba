"""The synthetic region: `synthesise` writes a region's registers, and apart from them the truth behind them."""

from pipelines.synthesis.region import synthesise
from pipelines.synthesis.registers import QUIRKS
from pipelines.synthesis.simulate import simulate

__all__ = ["QUIRKS", "simulate", "synthesise"]
