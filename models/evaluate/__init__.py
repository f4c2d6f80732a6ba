"""How well predicted risks fit what happened."""

from models.evaluate.delong import delong
from models.evaluate.measures import measures
from models.evaluate.report import evaluate

__all__ = ["delong", "evaluate", "measures"]
