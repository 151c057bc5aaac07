"""The configuration file: found, judged, put behind the flags, shown, written."""

import json

import pytest
from typer.testing import CliRunner

from rtdoctor.cli.configfile import KEYS, find, read
from rtdoctor.cli.configured_target import configured
from rtdoctor.cli.main import application
from rtdoctor.knowledge.profiles import use_profiles
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.known import keep
from rtdoctor.privacy.secret import Secret
from tests.cli.commands.test_check import rtdoctor, serving
from tests.conftest import KEY


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def written(folder, text, name="rtdoctor.toml"):
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def why(folder, text, name="rtdoctor.toml"):
    with pytest.raises(Usage) as told:
        read(written(folder, text, name))
    return str(told.value)


# --- where it is ------------------------------------------------------------------------------------------------------


def test_the_nearest_file_up_to_the_repository_holds_and_none_beyond_it(here):
    written(here, "[targets.far]\nbase_url = 'mock'\n")
    root = here / "repository"
    deep = root / "a" / "b"
    deep.mkdir(parents=True)
    (root / ".git").mkdir()
    assert find(deep) is None
    top = written(root, "[targets.x]\nbase_url = 'mock'\n")
    assert find(deep) == top
    near = written(root / "a", "[tool.rtdoctor.targets.x]\nbase_url = 'mock'\n", "pyproject.toml")
    assert find(deep) == near
    written(root / "a", "[project]\nname = 'x'\n", "pyproject.toml")
    assert find(deep) == top


def test_without_a_repository_only_the_working_directory_is_looked_in(here):
    written(here, "[targets.far]\nbase_url = 'mock'\n")
    (here / "below").mkdir()
    assert find(here / "below") is None
    assert find(here) is not None


def test_pyproject_has_the_same_form(here):
    config = read(written(here, "[tool.rtdoctor.targets.x]\nbase_url = 'mock'\n", "pyproject.toml"))
    assert config.targets["x"].values == {"base_url": "mock"}
    assert config.targets["x"].line == 1


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[targets.x]\nbase_url = 'mock'\nmodle = 'm'\n", "target x: there is no setting 'modle'; did you mean model?"),
        ("[target.x]\nbase_url = 'mock'\n", "there is no setting 'target' here; did you mean targets?"),
        ("model = 'm'\n", "there is no setting 'model' here: it belongs into a target, [targets.NAME]"),
        ("[targets.x]\nmodel = 'm'\n", "target x: base_url is missing"),
        ("[targets.x]\nbase_url = 'ftp://host/v1'\n", "base_url: the scheme 'ftp' is not one of"),
        ("[targets.x]\nbase_url = 'https://me:pw@host/v1'\n", "base_url: the URL holds user information"),
        ("[targets.x]\nbase_url = 'mock'\ntimeout = 'long'\n", "timeout: wants a number of seconds"),
        ("[targets.x]\nbase_url = 'mock'\ntimeout = 601\n", "timeout: wants more than 0 and at most 600 seconds"),
        ("[targets.x]\nbase_url = 'mock'\nstrict = 1\n", "strict: wants true or false"),
        ("[targets.x]\nbase_url = 'mock'\nkind = 'realtme'\n", "did you mean realtime?"),
        ("[targets.x]\nbase_url = 'mock'\ntags = 'smoke'\n", "tags: wants a list of texts"),
        (
            "[targets.x]\nbase_url = 'mock'\ninsecure = true\n",
            "insecure: whether certificates are checked is said by a",
        ),
        ("[targets.x]\nbase_url = 'mock'\nspend = true\n", "spend: what may cost money is said by a flag only"),
        ("[targets.x]\nbase_url = 'mock'\nkey_file = '/etc/shadow'\n", "key_file: a file that holds a key is named by"),
        ("[targets.x]\nbase_url = 'mock'\nproxy = 'http://me:pw@proxy:1'\n", "proxy: holds a login"),
        ("[targets.x]\nbase_url = 'mock'\nproxy = 'socks5://proxy:1'\n", "proxy: this: a proxy is given as"),
        ("[targets.mock]\nbase_url = 'mock'\n", "target 'mock': wants a name"),
        ("[targets.x\n", "is no TOML"),
        ("targets = 3\n", "targets are tables"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_with_file_key_and_reason(here, text, reason):
    told = why(here, text)
    assert reason in told
    assert "rtdoctor.toml" in told
    assert "\n" not in told


@pytest.mark.parametrize(
    "line", [f"key = '{KEY}'", f"api_key = '{KEY}'", f"key_env = '{KEY}'", f"model = '{KEY}'", f"colour = '{KEY}'"]
)
def test_a_key_in_the_file_is_refused_and_never_shown(here, line):
    told = why(here, f"[targets.x]\nbase_url = 'mock'\n{line}\n")
    assert "key" in told
    assert KEY not in told
    assert KEY[8:20] not in told


def test_a_name_that_is_not_there_is_told_with_the_nearest(here):
    written(here, "[targets.prod]\nbase_url = 'mock'\n[targets.eu]\nbase_url = 'mock'\n")
    with pytest.raises(Usage, match="did you mean prod"):
        configured("prdo")
    with pytest.raises(Usage, match="no target 'zzzz'; there is prod, eu"):
        configured("zzzz")


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("pyproject.toml", "[tool]\nrtdoctor = 1\n", 2),
        ("pyproject.toml", "[tool]\nrtdoctor = [1]\n", 2),
        ("pyproject.toml", "tool = 1\n", 0),
        ("pyproject.toml", "tool = [1]\n", 0),
        ("rtdoctor.toml", "x = " + "9" * 5000 + "\n", 2),
        ("rtdoctor.toml", "targets = 1\n", 2),
    ],
)
@pytest.mark.parametrize("found", [True, False])
def test_a_strangers_file_of_any_form_is_told_in_a_sentence(here, monkeypatch, name, text, code, found):
    (here / name).write_text(text)
    done = CliRunner().invoke(application(), ["config", *(() if found else ("--config", name))])
    assert done.exception is None or isinstance(done.exception, (Usage, SystemExit)), repr(done.exception)
    # Where no file has our table, that is told, too.
    assert isinstance(done.exception, Usage) == (code == 2 or found)


# --- who gets which key -----------------------------------------------------------------------------------------------


def told_of(here, lines, environment=None):
    written(here, f"[targets.x]\n{lines}\n")
    return configured("x", None, environment or {})


def test_it_is_told_which_host_gets_which_key_and_by_which_way(here):
    found = told_of(
        here,
        "base_url = 'https://gateway.example/v1'\nkey_env = 'GATEWAY_KEY'\nproxy = 'http://p.example:1'\n"
        "ca_file = 'a.pem'",
    )
    assert found.notices == (
        "rtdoctor.toml, target x: gateway.example gets the key of GATEWAY_KEY, which is not set, "
        "by the proxy http://p.example:1, trusting the CA of a.pem.",
    )
    assert found.values["ca_file"] == str(here / "a.pem")


def test_another_host_gets_the_usual_key_only_where_the_file_says_so(here):
    stranger = told_of(here, "base_url = 'https://gateway.example/v1'")
    assert stranger.values["key_env"] == "none"
    assert "gateway.example gets no key" in stranger.notices[0]
    assert told_of(here, "base_url = 'https://eu.api.openai.com/v1'").values["key_env"] == "OPENAI_API_KEY"
    assert told_of(here, "base_url = 'http://api.openai.com/v1'").values["key_env"] == "none"
    pretended = told_of(here, "base_url = 'https://gateway.example/v1'\nprofile = 'openai'")
    assert pretended.values["key_env"] == "none"


@pytest.mark.parametrize(
    ("lines", "wants"),
    [
        (
            "base_url = 'https://gateway.example/v1'\nkey_env = 'GATEWAY_KEY'",
            "the key of GATEWAY_KEY goes to gateway.example",
        ),
        (
            "base_url = 'openai'\nkey_env = 'AWS_SECRET_ACCESS_KEY'",
            "the key of AWS_SECRET_ACCESS_KEY goes to api.openai.com",
        ),
        ("base_url = 'openai'\nproxy = 'http://p.example:1'", "it goes by the proxy http://p.example:1"),
        ("base_url = 'openai'\nca_file = 'a.pem'", "it trusts the CA a.pem"),
        ("base_url = 'https://g.example/v1'\ncert = 'c.pem'", "it shows the client certificate c.pem"),
        ("base_url = 'http://127.0.0.1:1/v1'\nproxy = 'http://p.example:1'\nkey_env = 'K'", "it goes by the proxy"),
    ],
)
def test_a_file_that_was_found_and_not_named_leads_no_key_anywhere_unusual(here, lines, wants):
    found = told_of(here, lines)
    with pytest.raises(
        Usage, match=r"may be a stranger's: if it is yours, name it by --config rtdoctor\.toml"
    ) as raised:
        found.vouched(named=False)
    assert wants in str(raised.value)
    found.vouched(named=True)


@pytest.mark.parametrize(
    "base", ["openai", "https://eu.api.openai.com/v1", "http://127.0.0.1:1/v1", "https://g.example/v1", "mock"]
)
def test_a_file_that_does_nothing_unusual_need_not_be_named(here, base):
    told_of(here, f"base_url = '{base}'\nmodel = 'm'").vouched(named=False)


def test_this_machine_behind_a_proxy_of_the_file_gets_no_key(here):
    assert told_of(here, "base_url = 'http://127.0.0.1:1/v1'\nproxy = 'http://p:1'").values["key_env"] == "none"


@pytest.mark.heavy
def test_the_word_is_given_by_flag_or_variable(tmp_path):
    written(tmp_path, "[targets.x]\nbase_url = 'https://g.example:1/v1'\nkey_env = 'K'\ntimeout = 1\n")
    done = rtdoctor("check", "x", cwd=tmp_path, K=KEY)
    assert (done.returncode, done.stdout) == (2, "")
    assert "may be a stranger's" in done.stderr
    for more, variables in ((("--config", "rtdoctor.toml"), {}), ((), {"RTDOCTOR_CONFIG": "rtdoctor.toml"})):
        done = rtdoctor("check", "x", *more, cwd=tmp_path, K=KEY, **variables)
        assert done.returncode == 3, done.stderr
        assert "g.example gets the key of K" in done.stderr


def test_the_environment_goes_before_the_file_and_that_is_told(here):
    found = told_of(here, "base_url = 'openai'\nproxy = 'http://p.example:1'", {"HTTPS_PROXY": "http://other:2"})
    assert "proxy" not in found.values
    assert "HTTPS_PROXY is set, so the proxy of the file is not used" in found.notices[1]
    found = told_of(here, "base_url = 'openai'", {"OPENAI_BASE_URL": "https://evil.example/v1"})
    assert found.values["base_url"] == "openai"
    assert "OPENAI_BASE_URL is set and not used" in found.notices[1]


# --- as a user runs it ------------------------------------------------------------------------------------------------


@pytest.mark.heavy
def test_check_and_probe_take_a_name_and_flags_go_before_the_file(tmp_path):
    with serving() as server:
        written(
            tmp_path,
            f"[targets.here]\nbase_url = '{server.base_url}'\nkey_env = 'MY_KEY'\ntags = ['smoke']\ntimeout = 9\n"
            "model = 'gpt-realtime-2.1'\n",
        )
        done = rtdoctor("check", "here", "--format", "json", cwd=tmp_path, MY_KEY=KEY, CI="true")
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert report["target"]["base_url"] == server.base_url
        assert report["target"]["model"] == "gpt-realtime-2.1"
        assert len(report["results"]) < 10
        assert "127.0.0.1 gets the key of MY_KEY" in done.stderr
        assert KEY not in done.stdout + done.stderr
        done = rtdoctor(
            "check", "here", "--model", "gpt-realtime-whisper", "--format", "json", cwd=tmp_path, MY_KEY=KEY
        )
        assert json.loads(done.stdout)["target"]["model"] == "gpt-realtime-whisper"
        done = rtdoctor("check", "here", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert "MY_KEY: this environment variable is not set" in done.stderr
        done = rtdoctor("check", "here", "--target", "https://other.example/v1", cwd=tmp_path, MY_KEY=KEY)
        assert (done.returncode, done.stdout) == (2, "")
        assert "NAME and --target both say what is tested" in done.stderr
        done = rtdoctor("probe", "here", "--no-fix", "--format", "json", cwd=tmp_path, MY_KEY=KEY)
        assert done.returncode == 0, done.stderr + done.stdout
        assert "gpt-realtime-2.1" in json.loads(done.stdout)["handshake"]["url"]


def test_config_shows_every_value_with_its_place_and_no_secret(here, monkeypatch):
    written(here, "\n[targets.x]\nbase_url = 'https://gateway.example/v1'\nkey_env = 'GATEWAY_KEY'\ntimeout = 3\n")
    monkeypatch.setenv("GATEWAY_KEY", KEY)
    shown = CliRunner().invoke(application(), ["config", "x"])
    assert shown.exit_code == 0, shown.exception
    assert "GATEWAY_KEY (set)" in shown.stdout
    assert "rtdoctor.toml:2" in shown.stdout
    assert "gateway.example gets the key of GATEWAY_KEY" in shown.stdout
    assert KEY not in shown.stdout
    told = json.loads(CliRunner().invoke(application(), ["config", "--json"]).stdout)["targets"]["x"]
    assert told["key_goes_to"] == "gateway.example"
    assert told["values"]["timeout"]["value"] == 3.0
    monkeypatch.delenv("GATEWAY_KEY")
    assert "GATEWAY_KEY (not set)" in CliRunner().invoke(application(), ["config", "x"]).stdout


def test_init_asks_writes_and_adds_and_never_overwrites(here):
    answers = "prod\nhttps://gateway.example/v1\nGATEWAY_KEY\n\n\n\n"
    done = CliRunner().invoke(application(), ["init"], input=answers)
    assert done.exit_code == 0, done.exception
    config = read(here / "rtdoctor.toml")
    assert config.targets["prod"].values == {"base_url": "https://gateway.example/v1", "key_env": "GATEWAY_KEY"}
    done = CliRunner().invoke(
        application(), ["init", "--name", "eu", "--base-url", "openai", "--model", "gpt-realtime-2.1"]
    )
    assert done.exit_code == 0, done.exception
    assert list(read(here / "rtdoctor.toml").targets) == ["prod", "eu"]
    again = CliRunner().invoke(application(), ["init", "--name", "eu", "--base-url", "openai"])
    assert "there is a target 'eu' already" in str(again.exception)
    refused = CliRunner().invoke(application(), ["init", "--name", "y", "--base-url", "openai", "--key-env", KEY])
    assert "no key stands in this file" in str(refused.exception)
    assert KEY not in (here / "rtdoctor.toml").read_text(encoding="utf-8")
    assert CliRunner().invoke(application(), ["init"], input="").exception is not None


def test_knowledge_of_the_file_decides_whose_host_it_is(here):
    profiles = here / "mine" / "profiles"
    profiles.mkdir(parents=True)
    text = (read.__globals__["Path"](__file__).parents[3] / "rtdoctor/knowledge/profiles/xai.toml").read_text()
    (profiles / "acme.toml").write_text(
        text.replace('id = "xai"', 'id = "acme"').replace("api.x.ai", "acme.example"), encoding="utf-8"
    )
    try:
        assert told_of(here, "base_url = 'https://acme.example/v1'\nknowledge = 'mine'").target.profile == "acme"
    finally:
        use_profiles(None)


def test_every_key_is_a_parameter_of_check():
    import inspect

    from rtdoctor.cli.commands.check import check

    assert {key.parameter for key in KEYS.values()} <= set(inspect.signature(check).parameters)


@pytest.mark.parametrize(
    "key", ["abcdef0123456789abcdef0123456789", "AKIAIOSFODNN7EXAMPLE", "gsk_abcdEFGH1234ijklMNOP", "QwErTyUiOpAsDfGh"]
)
def test_a_key_without_a_dash_is_no_name_of_a_variable(tmp_path, monkeypatch, key):
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(application(), ["init", "--name", "x", "--base-url", "openai", "--key-env", key])
    assert isinstance(refused.exception, Usage)
    assert "wants the name of an environment variable" in str(refused.exception)
    assert key not in refused.output + str(refused.exception)
    assert not (tmp_path / "rtdoctor.toml").exists()


@pytest.mark.parametrize(
    "name", ["OPENAI_API_KEY", "PROD_KEY", "MY_COMPANY_OPENAI_KEY_EU2", "AZURE_OPENAI_API_KEY_2", "OaiKeyStaging", "K"]
)
def test_a_name_of_a_variable_is_none(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert (
        CliRunner().invoke(application(), ["init", "--name", "x", "--base-url", "openai", "--key-env", name]).exit_code
        == 0
    )
    assert f'key_env = "{name}"' in (tmp_path / "rtdoctor.toml").read_text()


@pytest.mark.parametrize("key", ["cert", "cert_key", "ca_file", "scenarios", "knowledge", "baseline"])
def test_a_path_is_no_key_though_a_piece_of_it_is_in_one(tmp_path, key):
    keep([Secret("sk-proj-victimhome0123456789", "key", "the test")])
    file = tmp_path / "rtdoctor.toml"
    path = "/tmp/attack1/victimhome/client.pem"
    file.write_text(f'[targets.x]\nbase_url = "openai"\n{key} = "{path}"\n')
    assert read(file).targets["x"].values[key] == path
    file.write_text(f'[targets.x]\nbase_url = "openai"\n{key} = "sk-proj-abcdefghij0123456789ABCD"\n')
    with pytest.raises(Usage, match="looks like a key"):
        read(file)
