"""Why a chart is not scored, in our words: nothing of what stands in the chart is repeated."""

from __future__ import annotations

from stratify.catalogue.entries import Text
from stratify.errors import StratifyError
from stratify.fhir.declared import declared


class ChartRefusedError(StratifyError):
    """A chart that cannot be scored: `reason` is its id in codings.toml, `key` the prefetch key where one is to blame.

    `status` is what the service answers with: 412 where something is lacking, 422 where something does not fit.
    """

    exit_code = 11

    def __init__(self, reason: str, key: str | None = None) -> None:
        told = declared().refused[reason]
        da, en = (told.da, told.en)
        if key is not None:
            name = declared().prefetch[key].name
            da, en = da.format(what=name.da), en.format(what=name.en)
        self.reason, self.key, self.status = reason, key, int(told.status)
        self.text = Text(da=da, en=en)
        super().__init__(self.text.en)
