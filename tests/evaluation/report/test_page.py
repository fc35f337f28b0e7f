"""The page in a real browser, from disk: nothing is fetched, nothing overflows, everything can be used and read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dnt_d2.evaluation.report import Story, write_report

pytest.importorskip("matplotlib")
sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install 'dnt_d2[test]'")
ROOT = Path(__file__).parents[3]
Content = dict[str, Any]

# The lowest ratio of contrast of all words that can be seen, and whose it is.
CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const read = (color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const luminance = (c) => c.slice(0, 3).map((v) => linear(v / 255))
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const paper = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = read(getComputedStyle(e).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  let worst = [99, ""];
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = words.nextNode());) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("script, #tip, [aria-hidden]")) continue;
    const style = getComputedStyle(element);
    const ink = read(element.closest("svg") ? style.fill : style.color);
    const [low, high] = [luminance(ink), luminance(paper(element))].sort((a, b) => a - b);
    const ratio = (high + .05) / (low + .05);
    if (ratio < worst[0]) worst = [ratio, `${element.tagName} ${node.data.trim()}`];
  }
  return worst;
}"""
# The sizes of plots and pictures, by id or alt.
SIZES = """() => [...document.querySelectorAll("svg.plot, img")].map((e) => {
  const box = e.getBoundingClientRect(); return [e.id || e.alt, box.width, box.height];
})"""
# The first column, from top to bottom, of the table that holds every class.
ORDER = """() => [...document.querySelectorAll("#classes table.sortable tbody th")].map((e) => e.dataset.v)"""


def find_browser(tool: ModuleType) -> str:
    """The program to start; skips, with the reason, where there is none."""
    folder = ROOT / ".venv" / "browser"
    found = tool.find_browser(folder)
    if found is None:
        reason = folder / "why_not.txt"
        said = reason.read_text().strip() if reason.is_file() else f"run tools/fetch_browser.py {folder}"
        pytest.skip(f"no browser: {said}")
    return str(found)


@pytest.fixture(scope="module")
def browser(load_script: Callable[[str], ModuleType]) -> Iterator[Any]:
    program = find_browser(load_script("tools/fetch_browser.py"))
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


class Visit:
    """A page from disk, with what it complains of and what it asks for."""

    def __init__(self, browser: Any, path: Path, width: int = 1440, scheme: str = "light") -> None:
        self.page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.troubles: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.troubles.append(message.text))
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())


@pytest.fixture(scope="module")
def path(content_of: Callable[..., Content], stories: list[Story], tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("page") / "report.html"
    write_report(content_of(), found, stories)
    return found


def test_an_empty_report(browser: Any, bare_content: Content, tmp_path: Path) -> None:
    write_report(bare_content, tmp_path / "report.html")
    visit = Visit(browser, tmp_path / "report.html", 400)
    assert visit.troubles == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 400


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 800, 1440])
def test_the_page_fits_and_can_be_read(browser: Any, path: Path, width: int, scheme: str) -> None:
    visit = Visit(browser, path, width, scheme)
    visit.page.screenshot(path=path.parent / f"{scheme}_{width}.png", full_page=True)
    assert visit.troubles == []
    assert [url for url in visit.requests if not url.startswith("data:")] == [path.as_uri()]
    assert visit.page.evaluate("document.documentElement.scrollWidth") == width
    sizes = visit.page.evaluate(SIZES)
    assert len(sizes) == 36 + 16
    assert all(w >= 20 and h >= 15 for _, w, h in sizes), sizes
    ratio, where = visit.page.evaluate(CONTRAST)
    assert ratio >= 4.5, where
    background = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(14, 18, 24)") == (scheme == "dark")


def test_the_button_switches_and_stays(browser: Any, path: Path) -> None:
    visit = Visit(browser, path)
    button, color = visit.page.locator("#theme"), "getComputedStyle(document.body).backgroundColor"
    curve = "getComputedStyle(document.querySelector('#pr-mean .kind-1 path')).stroke"
    light, blue = visit.page.evaluate(color), visit.page.evaluate(curve)
    assert "dark" in button.inner_text()
    button.click()
    assert visit.page.evaluate(color) != light
    assert visit.page.evaluate(curve) != blue  # plots follow
    assert visit.page.evaluate(CONTRAST)[0] >= 4.5
    assert "light" in button.inner_text()
    visit.page.reload()
    assert visit.page.evaluate(color) != light
    button.click()
    assert visit.page.evaluate(color) == light
    assert visit.troubles == []


def test_headings_sort(browser: Any, path: Path, content: Content) -> None:
    visit = Visit(browser, path)
    names = [name.replace("_", " ") for name in content["classes"]]
    values = dict(zip(names, content["AP50"]["tube"]["per_class"], strict=True))
    known = sorted(value for value in values.values() if value is not None)

    def shown() -> list[float | None]:
        return [values[name] for name in visit.page.evaluate(ORDER)]

    heading = visit.page.locator("#classes table.sortable thead button", has_text="AP50, tubes").first
    assert visit.page.evaluate(ORDER) == names
    heading.click()
    assert shown() == [*known[::-1], None]  # what is not known stays last
    heading.click()
    assert shown() == [*known, None]
    assert visit.page.locator("#classes [aria-sort=ascending]").inner_text().startswith("AP50, tubes")
    visit.page.locator("#classes table.sortable thead button").first.click()
    assert visit.page.evaluate(ORDER) == sorted(names)


def test_curves_can_be_hidden(browser: Any, path: Path) -> None:
    visit = Visit(browser, path)
    chip, curve = visit.page.locator(".chip").first, visit.page.locator("#pr-0 .kind-0 path").first
    assert curve.is_visible()
    chip.press("Enter")
    assert not curve.is_visible()
    assert chip.get_attribute("aria-pressed") == "false"
    chip.click()
    assert curve.is_visible()


@pytest.mark.parametrize("width", [400, 1440])
def test_rules_are_told_inside_the_window(browser: Any, path: Path, width: int, content: Content) -> None:
    visit = Visit(browser, path, width)
    tip = visit.page.locator("#tip")
    assert not tip.is_visible()
    for tile in visit.page.locator(".tile").all():
        tile.focus()
        assert tip.is_visible()
        box = tip.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] >= 0
    visit.page.keyboard.press("Escape")
    assert not tip.is_visible()
    visit.page.hover(".tile.main")
    assert "ILSVRC devkit: a box is found" in tip.inner_text()


def test_a_rule_moves_along_with_what_the_keyboard_reached(browser: Any, path: Path, content: Content) -> None:
    visit = Visit(browser, path, 400)
    tip, tile = visit.page.locator("#tip"), visit.page.locator(".tile.main").first
    scroll = "(by) => new Promise((done) => { addEventListener('scrollend', done, { once: true }); scrollBy(0, by); })"
    tile.focus()
    before = tile.bounding_box()["y"]
    distance = tip.bounding_box()["y"] - before
    visit.page.evaluate(scroll, 40)
    assert tile.bounding_box()["y"] < before
    assert tip.bounding_box()["y"] - tile.bounding_box()["y"] == pytest.approx(distance, abs=1)
    visit.page.evaluate("document.activeElement.blur()")
    tile.hover()
    assert tip.is_visible()
    visit.page.evaluate(scroll, 10)
    assert not tip.is_visible()


def test_paper_is_light_and_nothing_is_cut(browser: Any, path: Path) -> None:
    visit = Visit(browser, path, 800, "dark")
    visit.page.emulate_media(media="print")
    assert (
        visit.page.evaluate("getComputedStyle(document.querySelector('.card')).backgroundColor") == "rgb(255, 255, 255)"
    )
    assert not visit.page.locator("#theme").is_visible()
    hidden = (
        "[...document.querySelectorAll('.scroll')].filter((e) => getComputedStyle(e).overflowY !== 'visible').length"
    )
    assert visit.page.evaluate(hidden) == 0
    assert visit.page.pdf(format="A4")[:5] == b"%PDF-"
