"""Returns nothing: puts the pages, and what they are drawn with, into an application."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from models.report.html import OWN
from service.ui.mine import mine_pages
from service.ui.models import models_pages
from service.ui.person import person
from service.ui.person_write import person_write
from service.ui.region import region_pages
from service.ui.start import start
from stratify.charts import STYLE

CHARTS, MODELS = "/ui/static/charts.css", "/ui/static/models.css"
STATIC = Path(__file__).parents[1] / "static"


def add_pages(app: FastAPI) -> None:
    """Add every page, and the folder of styles."""
    app.include_router(start)
    app.include_router(person)
    app.include_router(mine_pages)
    app.include_router(person_write)
    app.include_router(region_pages)
    app.include_router(models_pages)
    app.add_api_route(MODELS, models_style, include_in_schema=False)
    app.add_api_route(CHARTS, charts, include_in_schema=False)
    app.mount("/ui/static", StaticFiles(directory=STATIC), name="static")


def charts() -> Response:
    """Return the style that charts are drawn with, here and in reports."""
    return Response(STYLE, media_type="text/css")


def models_style() -> Response:
    """Return the style of the report of a model, parts of which stand on the pages of the models."""
    return Response(OWN, media_type="text/css")
