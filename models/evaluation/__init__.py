"""How well predicted risks fit what happened."""

from models.evaluation.delong import delong
from models.evaluation.report import evaluate

__all__ = ["delong", "evaluate"]
