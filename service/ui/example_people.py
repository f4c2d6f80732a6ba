"""Returns made-up people chosen to show something, for the demo: found by what is served of them, then by pseudonym."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from service.demo import source_ids
from service.schemas import Weighed
from service.served import Served
from service.settings import Settings
from stratify.pseudonym import pseudonym

MOST = 40  # people who are weighed to find one
REACH_OUT, ASK = 2, 1  # levels of own resources
READY = ("suitable", "bridge", "duty")
READY_OFFERS = 3


@dataclass(frozen=True)
class Example:
    """Whom to look for: a condition on the served row, and what is worth more than what."""

    where: str
    worth: Callable[[Weighed], float]


def _ready(weighed: Weighed) -> int:
    return min(sum(one.answer in READY for one in weighed.offers), READY_OFFERS)


def _few_resources(weighed: Weighed) -> float:
    return 10 * weighed.stratum.resources.level + _ready(weighed) + 2 * min(len(weighed.safety), 1)


def _many_resources(weighed: Weighed) -> float:
    return -10 * weighed.stratum.resources.level + 2 * _ready(weighed) + min(len(weighed.safety), 1)


EXAMPLES: Mapping[str, Example] = MappingProxyType(
    {
        "both": Example(
            "json_extract(body, '$.facts.psychiatric_somatic') = 1 AND json_extract(body, '$.facts.smi') = 1",
            _few_resources,
        ),
        "five": Example(
            "json_extract(body, '$.facts.n_conditions') = 5 AND json_extract(body, '$.facts.psychiatric_somatic') = 0"
            " AND json_extract(body, '$.facts.\"lives_alone?\"') = 0"
            " AND json_extract(body, '$.facts.age') BETWEEN 40 AND 74",
            _many_resources,
        ),
        "newcomer": Example("body LIKE '%\"newcomer\"%'", lambda weighed: float(_ready(weighed))),
    }
)
_there: dict[tuple[str, str], bool] = {}
_found: dict[tuple[str, str], str | None] = {}  # by pair and example: looked for once


def there_is(served: Served, name: str) -> bool:
    """Return whether a region has somebody like this, without weighing anybody."""
    key = (served.pair, name)
    if key not in _there:
        _there[key] = bool(served.some(EXAMPLES[name].where, 1))
    return _there[key]


def example_person(settings: Settings, served: Served, name: str) -> str | None:
    """Return the identifier of an example person, or None where this region has none such."""
    key = (served.pair, name)
    if key not in _found:
        _found[key] = _look(settings, served, EXAMPLES[name])
    return _found[key]


def _look(settings: Settings, served: Served, example: Example) -> str | None:
    best: tuple[float, str] | None = None
    for one in served.some(example.where, MOST):
        row = served.find(one)
        if row is not None:
            worth = example.worth(served.tell(row, Weighed))
            best = max(best or (float("-inf"), ""), (worth, one))
    return None if best is None else _identifier(settings, served, best[1])


def _identifier(settings: Settings, served: Served, name: str) -> str | None:
    """Return whose pseudonym it is: the key is here, and these people are made up."""
    system, every = served.meta["system"], source_ids(settings.workspace)
    return next((one for one in every if pseudonym(served.key, system, one) == name), None)
