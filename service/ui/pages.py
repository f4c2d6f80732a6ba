"""Returns nothing: puts the pages, and what they are drawn with, into an application."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from models.report import targets
from models.report.html import OWN
from service.ui.mine import mine_pages
from service.ui.models import models_pages
from service.ui.person import person
from service.ui.person_write import person_write
from service.ui.quality import quality_pages
from service.ui.quality_cases import quality_cases_pages
from service.ui.quality_write import quality_write
from service.ui.region import region_pages
from service.ui.start import start
from stratify.charts import STYLE

STYLES = {  # made by what draws with them, here and in reports: charts, parts of the targets, parts of a model
    "/ui/static/charts.css": STYLE,
    "/ui/static/targets.css": targets.STYLE,
    "/ui/static/models.css": OWN,
}
ROUTERS = (
    start, person, mine_pages, person_write, quality_pages, quality_write, quality_cases_pages, region_pages,
    models_pages,
)  # fmt: skip
STATIC = Path(__file__).parents[1] / "static"


def add_pages(app: FastAPI) -> None:
    """Add every page, and the folder of styles."""
    for router in ROUTERS:
        app.include_router(router)
    for address, told in STYLES.items():
        app.add_api_route(address, _style(told), include_in_schema=False)
    app.mount("/ui/static", StaticFiles(directory=STATIC), name="static")


def _style(told: str) -> Callable[[], Response]:
    """Return what answers with a style."""

    def style() -> Response:
        return Response(told, media_type="text/css")

    return style
