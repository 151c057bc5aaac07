"""The exporter: only configured targets, no minting, no spending, one probe however many scrapes."""

import asyncio

import pytest
from aiohttp import ClientSession
from yarl import URL

from rtdoctor.cli.commands.exporter import address, exporter_for
from rtdoctor.exporter.server import Exporter, serve
from rtdoctor.mock.server import MockServer
from rtdoctor.privacy.errors import Usage
from tests.conftest import KEY


class Served:
    """An exporter on a port of its own."""

    def __init__(self, exporter):
        self._exporter = exporter

    async def __aenter__(self):
        port = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(serve(self._exporter, "127.0.0.1", 0, port.set_result))
        self._base = f"http://127.0.0.1:{await port}"
        self._session = ClientSession()
        return self

    async def __aexit__(self, *_):
        await self._session.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def get(self, path, **headers):
        url = URL(self._base + path, encoded=True)
        async with self._session.get(
            url, headers={name.replace("_", "-"): held for name, held in headers.items()}
        ) as answer:
            assert answer.content_type == "text/plain"
            return answer.status, await answer.text()


async def test_only_a_configured_target_is_probed_and_no_url_ever():
    async def probe(target, module):
        return f"probed {target} {module}\n"

    async with Served(Exporter(("prod",), ("smoke", "ladder"), probe)) as served:
        assert await served.get("/probe?target=prod") == (200, "probed prod smoke\n")
        for query, why in {
            "": "give one target",
            "?target=other": "there is no target other",
            "?target=https://evil.example/v1": "a URL is never taken",
            "?target=prod&module=transcribe": "there is no module transcribe",
            "?target=prod&spend=1": "there is no parameter spend",
            "?target=prod&target=prod": "give one target",
        }.items():
            status, text = await served.get(f"/probe{query}")
            assert status == 400, query
            assert why in text


@pytest.mark.parametrize("path", ["/", "/probe?target=prod", "/metrics", "/elsewhere"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Host": "evil.example", "Sec_Fetch_Site": "same-origin"},
    ],
)
async def test_a_foreign_name_or_page_gets_no_probe_and_no_metrics(path, headers):
    begun = []

    async def probe(target, _module):
        begun.append(target)
        return "up 1\n"

    async with Served(Exporter(("prod",), ("smoke",), probe)) as served:
        status, text = await served.get(path, **headers)
    assert (status, begun) == (403, [])
    assert "--allow-host" in text
    assert "prod" not in text


async def test_prometheus_asks_by_the_names_that_it_was_given():
    async def probe(_target, _module):
        return "up 1\n"

    async with Served(Exporter(("prod",), ("smoke",), probe, ("rtdoctor.internal",))) as served:
        for host in ("rtdoctor.internal:9787", "127.0.0.1:9787", "localhost"):
            assert await served.get("/probe?target=prod", Host=host) == (200, "up 1\n")
        assert (await served.get("/probe?target=prod", Host="internal"))[0] == 403


async def test_what_is_reflected_is_cleaned_and_bounded():
    async def probe(_target, _module):
        return ""

    async with Served(Exporter(("prod",), ("smoke",), probe)) as served:
        for query in ("target=%1b[31mred%0anext", "target=prod&module=%1b]0;x%07%0a%0ay", "%1b[2J%0d%0a=1"):
            status, text = await served.get(f"/probe?{query}")
            assert status == 400
            assert text.endswith("\n")
            assert text[:-1].isprintable()
        status, text = await served.get(f"/probe?target={'%1b' * 2000}")
        assert (status, len(text) <= 501) == (400, True)


@pytest.mark.parametrize(
    ("more", "why"),
    [('key_env = "NOT_SET_ANYWHERE"', "NOT_SET_ANYWHERE"), ('scenarios = "nowhere"', "nowhere")],
)
async def test_a_target_that_cannot_be_probed_is_told_in_a_sentence(tmp_path, monkeypatch, capsys, caplog, more, why):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("NOT_SET_ANYWHERE", raising=False)
    file = tmp_path / "rtdoctor.toml"
    file.write_text(f'[targets.x]\nbase_url = "http://127.0.0.1:1/v1"\n{more}\n')
    async with Served(exporter_for(file)) as served:
        status, text = await served.get("/probe?target=x")
        _, metrics = await served.get("/metrics")
    assert status == 500
    (told,) = [line for line in text.splitlines() if not line.startswith("#")]
    assert told.startswith('rtdoctor_probe_error{target="x",error="')
    assert why in told
    assert told.endswith('"} 1')
    assert 'how="failed"} 1' in metrics
    assert "Traceback" not in text + capsys.readouterr().err + caplog.text


async def test_a_bug_of_ours_is_told_by_its_kind_alone(caplog):
    async def probe(_target, _module):
        raise ZeroDivisionError("inner words")

    async with Served(Exporter(("prod",), ("smoke",), probe)) as served:
        status, text = await served.get("/probe?target=prod")
    assert status == 500
    assert "a bug in rtdoctor itself (ZeroDivisionError)" in text
    assert "inner words" not in text + caplog.text


async def test_many_scrapes_at_once_are_one_probe_and_metrics_count_them():
    begun, now = [], [0.0]

    async def probe(target, _module):
        begun.append(target)
        await asyncio.sleep(0)
        return "up 1\n"

    exporter = Exporter(("prod",), ("smoke",), probe, now=lambda: now[0])
    async with Served(exporter) as served:
        await asyncio.gather(*(served.get("/probe?target=prod") for _ in range(20)))
        assert begun == ["prod"]
        now[0] = 6
        await served.get("/probe?target=prod")
        assert begun == ["prod", "prod"]
        _, metrics = await served.get("/metrics")
    assert 'rtdoctor_exporter_probes_total{target="prod",how="cached"} 19' in metrics
    assert 'rtdoctor_exporter_probes_total{target="prod",how="probed"} 2' in metrics


async def test_a_scrape_of_a_real_server_mints_nothing_and_spends_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", KEY)
    minted = []
    async with MockServer({KEY}) as server:
        file = tmp_path / "rtdoctor.toml"
        # By its profile it would mint.
        file.write_text(f'[targets.x]\nbase_url = "{server.base_url}"\nprofile = "openai"\nkey_env = "MY_KEY"\n')
        exporter = exporter_for(file)
        monkeypatch.setattr("rtdoctor.engine.ladder.mint", lambda *_: minted.append(1))
        monkeypatch.setattr("rtdoctor.engine.matrix.mint", lambda *_: minted.append(1))
        async with Served(exporter) as served:
            status, text = await served.get("/probe?target=x")
            assert (await served.get("/probe?target=x&module=ladder"))[0] == 200
    assert status == 200
    assert minted == []
    assert f'probe_success{{target="{server.base_url}"}} 1' in text
    assert "probe_realtime_layer_success" in text
    assert "billable" not in text
    assert KEY not in text


def test_a_configuration_that_would_mint_or_is_not_there_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Usage, match="there is none here"):
        exporter_for(None)
    (tmp_path / "rtdoctor.toml").write_text('[targets.x]\nbase_url = "openai"\nmint = true\n')
    with pytest.raises(Usage, match="a scrape mints nothing"):
        exporter_for(None)


def test_an_address_is_read():
    assert address("127.0.0.1:9787") == ("127.0.0.1", 9787)
    assert address("[::1]:1") == ("::1", 1)
    for wrong in ("9787", ":1", "h:", "h:70000", "h:x"):
        with pytest.raises(Usage, match="wants HOST:PORT"):
            address(wrong)
