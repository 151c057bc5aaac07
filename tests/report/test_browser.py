"""The HTML report in a real browser: it fits at two widths, in light and dark and on paper; it is accessible."""

import json

import pytest

import rtdoctor
from rtdoctor.report.digests import digest
from rtdoctor.report.html import page as html_of
from tests.cli.commands.test_check import serving
from tests.conftest import KEY
from tests.web.test_browser import AXE, look, opened_page

pytestmark = pytest.mark.heavy
WRONG = "sk-proj-wrong00112233445566778899"
TOO_WIDE = "document.documentElement.scrollWidth > innerWidth"
# What shows only when somebody scrolls: the regions of tables may, at a wide screen none has to.
CUT = "[...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth).length"


def reports():
    # A remedy with a long URL, which breaks at a narrow screen.
    yield rtdoctor.explain("websocket closed: 1013 insufficient_quota.credit_balance_exhausted")
    yield rtdoctor.check(rtdoctor.CheckAsked(target="mock"))
    with serving() as server:
        yield rtdoctor.check(rtdoctor.CheckAsked(target=server.base_url, key=WRONG, tags=("smoke",)))
        url = server.base_url.replace("http", "ws") + "/realtime/transcription_sessions"
        asked = rtdoctor.ProbeAsked(url=url, headers=("Authorization: Bearer $OPENAI_API_KEY",), key=KEY)
        yield rtdoctor.probe(asked, fix=True)


def test_each_report_fits_and_is_accessible(tmp_path):
    files = []
    for number, told in enumerate(reports()):
        files.append(tmp_path / f"{number}.html")
        files[-1].write_text(html_of(digest(told)), encoding="utf-8")
    for file in files:
        with opened_page(file.as_uri()) as page:
            if AXE.is_file():
                page.evaluate(AXE.read_text(encoding="utf-8") + "; 0")
            for width in (1280, 400):
                for scheme in ("light", "dark"):
                    look(page, width, scheme)
                    assert page.evaluate(TOO_WIDE) is False, (file.name, width)
                    if width == 1280:
                        assert page.evaluate(CUT) == 0, file.name
                    # A colour is the same at each width, and a place in each scheme.
                    if AXE.is_file() and (width == 1280) == (scheme == "light"):
                        wrong = page.evaluate(
                            "axe.run().then((done) => JSON.stringify(done.violations.map((v) => v.id)))"
                        )
                        assert json.loads(wrong) == [], (file.name, width, scheme)
            page.command("Emulation.setEmulatedMedia", media="print")
            page.command("Emulation.setDeviceMetricsOverride", width=760, height=900, deviceScaleFactor=1, mobile=False)
            assert page.evaluate(TOO_WIDE) is False
            pre = "[...document.querySelectorAll('pre')].every((one) => one.scrollWidth <= one.clientWidth)"
            assert page.evaluate(pre) is True, "a command is cut on paper"
