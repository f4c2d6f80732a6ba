"""The synthetic region: `synthesise` writes a region's registers, and apart from them the truth behind them."""

from pipelines.synthesis.region import synthesise

__all__ = ["synthesise"]
