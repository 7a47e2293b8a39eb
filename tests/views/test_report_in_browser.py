"""The report as a browser shows it: on a desktop, on a phone, in the dark, and on paper."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grpcdemo.model.result import Phase
from grpcdemo.views.comparison_report import comparison_report
from grpcdemo.views.diagnosis_report import diagnosis_report
from grpcdemo.views.palette import COLORS
from grpcdemo.views.report import demo_report, observation_report

from . import comparisons
from . import test_diagnosis as diagnoses
from .samples import BLIND, EVIL, HOSTILE, HOSTILE_PROVENANCE, PROVENANCE, measured, observation

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.sandbox]
"""A browser is a process to start, as a sandbox is."""

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PHONE, TABLET, DESKTOP = 390, 768, 1280
PAGE_OBJECT = re.compile(rb"/Type\s*/Page\b")


def demo(servers: int, clients: int = 1, failure: str | None = None) -> str:
    halves = [Phase("Istio off", measured(servers, pinned=True, clients=clients))]
    halves += [] if failure else [Phase("Istio on", measured(servers, pinned=False, clients=clients))]
    return demo_report(halves, replace(PROVENANCE, sandbox=True), failure)


REPORTS = {
    "three": lambda: demo(3),
    "twelve": lambda: demo(12, clients=4),
    "hundred": lambda: demo(100, clients=30),
    "failed": lambda: demo(3, failure=f"there is no {EVIL}"),
    "observation": lambda: observation_report(measured(3, pinned=False), PROVENANCE),
    "blind": lambda: observation_report(BLIND, PROVENANCE),
    "hostile": lambda: observation_report(HOSTILE, HOSTILE_PROVENANCE),
    "nothing": lambda: observation_report(observation(), PROVENANCE),
    "comparison": lambda: comparison_report(comparisons.COMPARISON, PROVENANCE),
    "hostile comparison": lambda: comparison_report(comparisons.HOSTILE, HOSTILE_PROVENANCE),
    "diagnosis": lambda: diagnosis_report([diagnoses.MEASURED], PROVENANCE),
    "diagnoses": lambda: diagnosis_report([*diagnoses.DIAGNOSES.values()], HOSTILE_PROVENANCE),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # it takes long, and only these tests need it

    program = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if not program:
        pytest.fail(f"there is none of {', '.join(PROGRAMS)}: `apt-get install chromium`")
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=program) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": DESKTOP, "height": 900})
    yield page
    page.close()


def show(page: Page, name: str, folder: Path) -> None:
    report = folder / f"{name}.html"
    report.write_text(REPORTS[name](), encoding="utf-8")
    page.goto(report.as_uri())


@pytest.mark.parametrize("name", REPORTS)
def test_it_fits_every_screen_without_a_complaint(page: Page, tmp_path: Path, name: str) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if page.url != "about:blank" else None)
    show(page, name, tmp_path)
    for width in (PHONE, TABLET, DESKTOP):
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{width} px wide, it scrolls sideways to {wide}"
    assert complaints == []


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("name", ["three", "failed", "observation"])
def test_it_prints_on_one_page(page: Page, tmp_path: Path, name: str, paper: str) -> None:
    show(page, name, tmp_path)
    assert len(PAGE_OBJECT.findall(page.pdf(format=paper))) == 1


def test_many_servers_leave_no_page_empty(page: Page, tmp_path: Path) -> None:
    show(page, "hundred", tmp_path)
    pages = len(PAGE_OBJECT.findall(page.pdf(format="A4")))
    page.locator("figure").first.evaluate("(figure) => { figure.style.breakInside = 'avoid' }")
    assert pages < len(PAGE_OBJECT.findall(page.pdf(format="A4"))), "its tables go on where a page ends"


def test_on_paper_all_tables_are_open_and_nothing_is_to_click(page: Page, tmp_path: Path) -> None:
    show(page, "hundred", tmp_path)
    rows = page.locator("details tbody tr:first-child")
    assert {row.is_visible() for row in rows.all()} == {False}
    page.get_by_role("radio", name="Istio on").check()
    page.emulate_media(media="print")
    assert {row.is_visible() for row in rows.all()} == {True}
    assert {one.is_visible() for one in page.locator("article").all()} == {True}
    assert {one.is_visible() for one in page.locator("summary, .switch").all()} == {False}


def test_one_half_or_both(page: Page, tmp_path: Path) -> None:
    show(page, "three", tmp_path)
    halves = page.locator("article")
    for choice, visible in (("both", [True, True]), ("Istio off", [True, False]), ("Istio on", [False, True])):
        page.get_by_role("radio", name=choice).check()
        assert [half.is_visible() for half in halves.all()] == visible


def test_both_halves_are_level(page: Page, tmp_path: Path) -> None:
    show(page, "three", tmp_path)
    halves = page.locator("article").all()
    tops = [[box["y"] for one in half.locator("svg").all() if (box := one.bounding_box())] for half in halves]
    assert tops[0] == pytest.approx(tops[1], abs=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_colors_are_those_of_the_scheme(page: Page, tmp_path: Path, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    show(page, "three", tmp_path)
    style = "(element) => { const style = getComputedStyle(element); return [style.backgroundColor, style.color] }"
    paper, ink = (brightness(text) for text in page.locator("body").evaluate(style))
    assert (paper > 200 and ink < 60) if scheme == "light" else (paper < 60 and ink > 200)
    stroke = page.locator(".band.blue").first.evaluate("(element) => getComputedStyle(element).stroke")
    assert stroke == rgb(COLORS[0].dark if scheme == "dark" else COLORS[0].light)


def brightness(color: str) -> float:
    return sum(map(int, re.findall(r"\d+", color)[:3])) / 3


def rgb(color: str) -> str:
    return f"rgb({', '.join(str(int(color[at : at + 2], 16)) for at in (1, 3, 5))})"
