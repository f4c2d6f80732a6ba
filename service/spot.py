"""Returns one person's row scored on the spot: from the event store as it is now, or from their chart.

The same functions as in the nightly batch (`models.people`, `stratify.features`), with the bundle and the entries that
are served; so a row of the store at the day of the scored population is the row of the scored population, bit for bit.
Who is in no population has no row.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from time import sleep
from typing import TYPE_CHECKING, Any, TypeVar, cast

from service.choices import now, today
from service.identifiers import as_registered
from service.schemas import Stored
from service.served import Basis, Row, Served
from stratify.catalogue.load import DATA_KINDS
from stratify.definitions import Definition, populations
from stratify.errors import BundleError, DataError
from stratify.registers.clock import day_number, day_of, read_date
from stratify.workspace import Workspace

if TYPE_CHECKING:  # they load NumPy's loops and the models, which looking somebody up does without
    from models.bundle import Bundle
    from models.people import Scorer
    from stratify.fhir.chart import Chart
    from stratify.store.one import StoreReader
    from stratify.store.records import OnePerson

Answer = TypeVar("Answer")
NOBODY: dict[str, Any] = {  # a chart of nobody, on which all is done that is done on one
    "patient": {"resourceType": "Patient", "id": "nobody", "birthDate": "1950-01-01"},
    "conditions": {
        "resourceType": "Bundle",
        "entry": [
            {
                "resource": {
                    "resourceType": "Condition",
                    "subject": {"reference": "Patient/nobody"},
                    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": code}]},
                    "onsetDateTime": "2023-01-01",
                }
            }
            for code in ("I50", "E11", "F20")
        ],
    },
    **{
        key: {"resourceType": "Bundle"}
        for key in ("medicationStatements", "medicationRequests", "encounters", "observations")
    },
}
TRIES = 3  # readings of a store that is replaced meanwhile
PAUSE = 0.05  # seconds before the second; longer before the next


class StoreMovedError(BundleError):
    """The store was replaced while it was read: ask again."""


@dataclass(frozen=True)
class _Rule:
    """How people are scored: the models and entries, the columns, which families to make, and who is in what."""

    scorer: Scorer
    names: list[str]
    families: frozenset[str]
    domains: frozenset[str]
    populations: Mapping[str, Definition]


class Spot:
    """What scores one person on the spot; for several threads at once.

    Nothing is opened before somebody is asked for. The store is opened anew when it was replaced on the disk.
    """

    def __init__(self, workspace: Workspace, served: Served) -> None:
        self.served = served
        self._workspace = workspace
        self._lock = threading.Lock()
        self._reader: StoreReader | None = None

    def from_store(self, system: str, identifier: str, day: date | None = None) -> Row | None:
        """Return the row of a person by the store as it is now; None for somebody unknown or in no population.

        On `day`, by default the newest the store can tell of: today, or the day after the last one it covers. Raises
        BundleError where the store does not fit what is served or does not tell of the day, StoreMovedError where it
        is replaced again and again.
        """
        return self._read(lambda reader: self._of_store(reader, system, identifier, day))

    def from_bundle(self, prefetch: Any, day: date | None = None, discharged: str | None = None) -> Row | None:
        """Return the row of the patient of a CDS Hooks prefetch, as their chart stands today; None in no population.

        discharged: the id of the encounter that ends now. Raises ChartRefusedError for a chart that cannot be scored,
        with words that repeat nothing of it.
        """
        return self.from_chart(self.chart(prefetch, day, discharged))

    def chart(self, prefetch: Any, day: date | None = None, discharged: str | None = None) -> Chart:
        """Return the chart of a prefetch, to ask whose it is (`identifier_of`) before it is scored."""
        from stratify.fhir.chart import read_chart
        from stratify.fhir.when import local_day

        return read_chart(prefetch, self.served.care.catalogue, day or local_day(now()), discharged)

    def from_chart(self, chart: Chart) -> Row | None:
        """Return the row of a chart's patient; None for who is in no population."""
        return self._row(chart.records, chart.landmark, "bundle", chart.gaps)

    def identifier_of(self, chart: Chart) -> str:
        """Return the patient's identifier, in the system that people are served by, as registers write it.

        Raises ChartRefusedError where there is none, or more than one.
        """
        from stratify.fhir.refusal import ChartRefusedError

        system = self.served.meta["system"]
        found = {as_registered(system, value) for of, value in chart.identifiers if of == system}
        if len(found) != 1:
            raise ChartRefusedError("several_identifiers" if found else "no_identifier")
        return found.pop()

    def newest(self) -> date:
        """Return the newest day that people can be scored on by the store."""
        return day_of(self._read(_newest))

    def warm(self) -> None:
        """Return when what scoring needs is loaded and compiled, so that the first to ask does not wait for it.

        Raises BundleError where the entries that are served are not those the bundle was trained on, or where there is
        a store that does not fit.
        """
        self.from_bundle(NOBODY, date(2024, 6, 1))
        if self._workspace.store.exists():
            self.from_store(self.served.meta["system"], "nobody")

    def _read(self, ask: Callable[[StoreReader], Answer]) -> Answer:
        """Return what is asked of the store, all of it read from the same one."""
        import duckdb

        from stratify.store.one import stamp_of

        for nth in range(TRIES):
            sleep(nth * PAUSE)
            before = stamp_of(self._workspace.store)
            try:
                reader = self._opened()
                answer = ask(reader)
            except (duckdb.Error, OSError, DataError) as error:
                if before is not None and before == stamp_of(self._workspace.store):
                    raise BundleError(f"the store cannot be read ({type(error).__name__}): land it again") from None
                continue
            if reader.unmoved:
                return answer
        if stamp_of(self._workspace.store) is None:
            raise BundleError("there is no store in the work folder: run `stratify land` first")
        raise StoreMovedError("the store was replaced while it was read, more than once: ask again")

    def _of_store(self, reader: StoreReader, system: str, identifier: str, day: date | None) -> Row | None:
        newest, oldest = _newest(reader), day_number(date.fromisoformat(self.served.meta["landmark"]))
        wanted = newest if day is None else day_number(day)
        if not min(oldest, newest) <= wanted <= newest:
            raise BundleError(
                f"the store tells of the days from {day_of(min(oldest, newest))} to {day_of(newest)}, "
                f"got {day_of(wanted)}: ask for one of these, or land a newer delivery"
            )
        if system != reader.store.manifest["results"]["delivery"]["system"]:
            return None
        one = reader.find(as_registered(system, identifier), self._rule.domains)
        return None if one is None else self._row(one, wanted, "store", [])

    def _row(self, one: OnePerson, day: int, basis: Basis, gaps: list[dict[str, Any]]) -> Row | None:
        from stratify.features.part import Region

        rule = self._rule
        part = Region.of(one).part(rule.scorer.catalogue, [day], 0, rule.populations, rule.families)
        if not len(part.kept):
            return None
        scored = rule.scorer.score(one, day, part.kept.person, part.cells, rule.names, part.populations)
        body = scored.body(0)
        body["missing"] += gaps
        return Row("", Stored.model_validate(body), scored.cells, basis=basis, day=day_of(day), gaps=len(gaps))

    @cached_property
    def _rule(self) -> _Rule:
        """Raises BundleError where the entries that are served are not those the bundle was trained on."""
        from models.people import Scorer
        from stratify.care.fill import reads
        from stratify.care.fill_store import DOMAINS_OF_FACTS
        from stratify.features.columns import columns

        catalogue = self.served.care.catalogue
        scorer = Scorer(cast("Bundle", self.served.bundle), catalogue)
        every = columns(catalogue)
        scorer.refuse_unfit([column.as_dict() for column in every])
        wanted = {str(column["id"]) for column in self.served.bundle.content.columns}
        families = {column.family for column in every if column.id in wanted or reads(column.id)}
        domains = DOMAINS_OF_FACTS | {family.domain for family in families}
        words = {word: self.served.meta[f"definition_{word}"] for word in ("multimorbid", "both")}
        names, made = [column.id for column in every], frozenset(family.id for family in families)
        return _Rule(scorer, names, made, domains, populations(words))

    def _opened(self) -> StoreReader:
        """Return the store as it lies on the disk now. Raises BundleError where it does not fit what is served."""
        from stratify.store.one import open_reader

        with self._lock:
            if self._reader is None or not self._reader.unmoved:
                reader = open_reader(self._workspace.store)
                landed, ours = reader.store.manifest["catalogue"], self.served.care.catalogue.digest_of(*DATA_KINDS)
                if landed != ours:
                    raise BundleError(
                        f"the store was landed under other conditions and indices than are served: needs {ours[:12]}, "
                        f"got {landed[:12]}; score again"
                    )
                self._reader = reader  # the old one is let go of after its last answer
            return self._reader


def _newest(reader: StoreReader) -> int:
    covers_to = read_date(reader.store.manifest["results"]["delivery"]["covers_to"], "covers_to")
    return day_number(min(today(), covers_to + timedelta(days=1)))
