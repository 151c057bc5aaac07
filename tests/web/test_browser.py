"""The page in a real browser: complete, quiet, accessible, at two widths, in light and dark, with many events."""

import asyncio
import json
import shutil
import threading
from contextlib import contextmanager
from itertools import islice

import pytest

from rtdoctor.web.feed import Batch, Feed, Recorded
from rtdoctor.web.server import serve_page
from tests.snippets.chromium import browser
from tests.snippets.running import PATH, TOOLS
from tests.web.sessions import conversation, header, opened, refused, text, turn

AXE = TOOLS / "node_modules" / "axe-core" / "axe.min.js"
TABS = ("event", "conversation", "turns", "findings", "session")
HOSTILE = "</script><img src=x onerror=alert(1)><b>bold</b>\u202eright to left"
pytestmark = pytest.mark.heavy


@contextmanager
def serving(source):
    """The page on a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = serve_page(source, prices={})

    def run(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    try:
        yield run(server.__aenter__())
        run(server.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def opened_page(url):
    """The page in Chromium; at the end its console must be empty."""
    if not (program := shutil.which("chromium", path=PATH)):
        pytest.skip("chromium is not here; .ci/install-snippet-tools installs it")
    with browser(program) as page:
        page.command("Runtime.enable")
        page.command("Log.enable")
        page.open(url)
        yield page
        page.evaluate("0")
        said = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        assert [event for event in page.heard if event["method"] in said] == []


def until(page, condition):
    """Wait until an expression is true, looked at each time the page is drawn."""
    page.evaluate(
        f"new Promise((done) => {{ const look = () => ({condition}) ? done() : requestAnimationFrame(look); look(); }})"
    )


def settled(page, count):
    page.text_with("#stream", "complete")
    until(page, f"document.querySelector('#matches').textContent === '{count:,} events'")


def drawn(page):
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def value(page, expression):
    return page.evaluate(expression)


def look(page, width, scheme):
    page.command("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    page.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])


def key(page, name):
    for kind in ("keyDown", "keyUp"):
        page.command("Input.dispatchKeyEvent", type=kind, key=name, code=name)


def test_the_page_is_quiet_accessible_and_fits_at_each_width_in_light_and_dark():
    if not AXE.is_file():
        pytest.skip("axe-core is not here; .ci/install-snippet-tools installs it")
    lines = list(conversation(10_000))
    with serving(Recorded(lambda: iter(lines))) as url, opened_page(url) as page:
        settled(page, len(lines) - 1)
        page.evaluate(AXE.read_text(encoding="utf-8") + "; 0")
        page.evaluate("document.querySelectorAll('.row')[5].click()")
        for width in (1280, 400):
            for scheme in ("light", "dark"):
                look(page, width, scheme)
                # A colour is the same at each width, and a place in each scheme.
                for tab in TABS if (width, scheme) in ((1280, "light"), (400, "dark")) else ():
                    page.evaluate(f"document.querySelector('#tab-{tab}').click()")
                    drawn(page)
                    found = value(
                        page, "axe.run().then((told) => told.violations.map((one) => [one.id, one.nodes[0].html]))"
                    )
                    assert found == [], (width, scheme, tab)
                assert value(page, "document.documentElement.scrollWidth <= innerWidth"), width
                assert value(page, "document.querySelectorAll('.row').length") < 60
                colours = value(
                    page, "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
                )
                dark = [sum(map(int, colour[4:-1].split(","))) < 384 for colour in colours]
                assert dark == [scheme == "dark", scheme != "dark"]


def test_a_hundred_thousand_events_are_scrolled_searched_and_chosen_by_keyboard():
    lines = list(conversation(3_000))
    # The rest without audio, as their number is what counts here.
    rest = [
        text(1000 + at / 100, "server", {"type": "response.output_text.delta", "delta": f"word {at}"}, 2)
        for at in range(97_000)
    ]
    lines += rest
    total = len(lines) - 1
    with serving(Recorded(lambda: iter(lines))) as url, opened_page(url) as page:
        look(page, 1280, "light")
        settled(page, total)
        assert value(page, "document.querySelectorAll('.row').length") < 60
        page.evaluate("document.querySelector('#list').focus()")
        key(page, "End")
        drawn(page)
        last = "document.getElementById(document.querySelector('#list').getAttribute('aria-activedescendant'))"
        assert "word 96999" in value(page, f"{last}.textContent")
        assert value(page, f"{last}.getAttribute('aria-posinset')") == str(total)
        assert "word 96999" in page.text_with("#panel-event", "word 96999")
        key(page, "ArrowUp")
        drawn(page)
        assert "word 96998" in value(page, f"{last}.textContent")
        box = "document.querySelector('#search')"
        page.evaluate(f"{box}.value = 'WORD 9699'; {box}.dispatchEvent(new Event('input'))")
        found = sum("9699" in str(at) for at in range(97_000))
        until(page, f"document.querySelector('#matches').textContent === '{found} of {total:,} events'")
        assert value(page, "document.querySelectorAll('.row').length") == min(found, 60)


def test_a_session_that_goes_on_appears_as_it_happens():
    feed = Feed()
    first = [header(), *opened(), *turn(1.0, 0)]
    with serving(feed) as url, opened_page(url) as page:
        page.text_with("#stream", "live")
        for line in first:
            feed.put(line)
        page.text_with("#counts", f"{len(first) - 1} events")
        assert value(page, "document.querySelector('#follow').checked")
        page.evaluate("document.querySelector('#tab-conversation').click()")
        page.text_with("#panel-conversation", "In town 0 it is foggy and twelve degrees, so take a coat.")
        for line in refused(30.0, 2):
            feed.put(line)
        page.text_with("#what", "HTTP 401")
        assert "Make a new key" in value(page, "document.querySelector('#remedy').textContent")
        assert value(page, "document.querySelector('#audio-title').textContent") == "Audio of #1"
        page.text_with("#announce", "The API key is not valid.")
        assert value(page, "document.querySelector('#tab-findings').textContent") == "Findings (1)"
        feed.end()
        page.text_with("#stream", "complete")


class Breaking:
    """A source whose first stream breaks off after some lines."""

    live = True

    def __init__(self, lines):
        self.lines, self.asked = lines, []

    def last(self):
        return len(self.lines)

    async def batches(self, place):
        self.asked.append(place)
        until = len(self.lines) if place else 40
        yield Batch(tuple(self.lines[place:until]), 0, until)
        if not place:
            raise ConnectionError


def test_a_stream_that_broke_off_goes_on_where_it_was():
    source = Breaking(list(conversation(100)))
    with serving(source) as url, opened_page(url) as page:
        settled(page, len(source.lines) - 1)
        assert source.asked == [0, 40]


def test_what_a_server_says_is_text():
    odd = [
        text(0.1, "server", {"type": HOSTILE, "event_id": HOSTILE}),
        text(0.2, "server", {"type": "response.output_text.delta", "item_id": "i", "delta": HOSTILE}),
        text(0.3, "server", {"type": "error", "error": {"code": HOSTILE, "message": HOSTILE}}),
        text(0.4, "server", {"type": "session.created", "session": {"model": HOSTILE, "type": HOSTILE}}),
        text(
            0.5,
            "server",
            {
                "type": "response.function_call_arguments.done",
                "call_id": HOSTILE,
                "name": HOSTILE,
                "arguments": HOSTILE,
            },
        ),
        text(0.6, "server", {"type": "x.delta", "text": "word " * 100_000}),
        {
            "t": 0.7,
            "connection": 1,
            "kind": "finding",
            "level": HOSTILE,
            "id": HOSTILE,
            "text": HOSTILE,
            "remedy": HOSTILE,
        },
        {
            "t": 0.8,
            "connection": 1,
            "kind": "answer",
            "status": 403,
            "reason": HOSTILE,
            "body": HOSTILE,
            "headers": [[HOSTILE, HOSTILE]],
        },
    ]
    lines = [{**header(), "to": HOSTILE}, *odd]
    with serving(Recorded(lambda: iter(lines))) as url, opened_page(url) as page:
        settled(page, len(odd))
        for tab in TABS:
            page.evaluate(f"document.querySelector('#tab-{tab}').click()")
            for at in range(len(odd)):
                page.evaluate(f"document.querySelectorAll('.row')[{at}].click()")
                drawn(page)
        assert value(page, "document.querySelectorAll('img, b[onerror], script').length") == 1
        shown = value(page, "document.body.innerText")
        assert "\u202e" not in shown
        assert "\\u{202e}" in shown


def test_an_event_is_copied_and_audio_is_played():
    lines = list(islice(conversation(400), 400))
    with serving(Recorded(lambda: iter(lines))) as url, opened_page(url) as page:
        origin = url.partition("/?")[0]
        page.command(
            "Browser.grantPermissions", origin=origin, permissions=["clipboardReadWrite", "clipboardSanitizedWrite"]
        )
        settled(page, 399)
        page.evaluate("document.querySelectorAll('.row')[7].click()")
        page.text_with("#panel-event", "bytes of audio")
        page.evaluate("document.querySelector('#copy').click()")
        page.text_with("#copied", "copied")
        copied = json.loads(value(page, "navigator.clipboard.readText()"))
        assert copied == json.loads(lines[8]["data"])
        page.command("Runtime.evaluate", expression="document.querySelector('#play').click()", userGesture=True)
        page.text_with("#play", "Stop")
        until(page, "document.querySelector('#playhead').textContent > '0:02.3'")
        page.evaluate("document.querySelector('#play').click()")
        page.text_with("#play", "Play")
        pixels = "document.querySelector('#wave').getContext('2d').getImageData(0, 0, 400, 174).data"
        assert value(page, f"Array.from({pixels}).some((one) => one)")
