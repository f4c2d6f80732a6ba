"""How well predicted risks fit what happened."""

from models.evaluate.measures import measures

__all__ = ["measures"]
