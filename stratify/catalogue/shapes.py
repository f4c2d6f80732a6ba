"""The shapes of catalogue entries: what may stand in a file, and what every entry must say about itself.

Unknown keys are refused, values are frozen. Every clinical statement names its source and whether that source was
read (`READ`), computed from read figures (`COMPUTED`), recalled and not yet checked (`RECALL-unverified`), or is our
own choice (`OURS`). Every entry shows itself at work in at least two examples, one of them a "no".
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
IcdPrefix = Annotated[str, Field(pattern=r"^[A-Z](\d[0-9A-Z]{0,4})?$")]
AtcPrefix = Annotated[str, Field(pattern=r"^[A-Z]\d\d([A-Z]([A-Z](\d\d)?)?)?$")]
Provenance = Literal["READ", "COMPUTED", "RECALL-unverified", "OURS"]
Care = Literal["somatic", "psychiatric"]


class Shape(BaseModel):
    """A part of an entry: no unknown keys, no change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Named(Shape):
    """A shape with an id, by which it is found in a dictionary; equal are those that are alike in everything."""

    id: Id

    def __hash__(self) -> int:
        return hash(self.id)


class Text(Shape):
    """A text in Danish and in English; both are required."""

    da: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Entry(Named):
    """What every entry says about itself."""

    name: Text
    source: str = Field(min_length=3)
    provenance: Provenance
    rationale: str = Field(min_length=10)
    example: tuple[Any, ...] = ()

    @model_validator(mode="after")
    def _shows_itself_at_work(self) -> Entry:
        self.check_examples()
        return self

    def check_examples(self) -> None:
        """Raise ValueError where there are fewer than two examples, or none whose answer is no."""
        answers = [example.answer() for example in self.example]
        if len(answers) < 2:
            raise ValueError(f"needs at least 2 [[example]], got {len(answers)}")
        if all(answers):
            raise ValueError("needs at least one [[example]] whose answer is no")
