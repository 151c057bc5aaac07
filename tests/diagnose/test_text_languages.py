"""Faults that can be seen in code, in the languages that clients are written in: told with the line as it should be."""

import pytest

from rtdoctor.diagnose.text.findings import explain_all
from rtdoctor.engine.beta_rewriting import current
from rtdoctor.model.finding import Place

GOOD = "wss://api.openai.com/v1/realtime?model=gpt-realtime"
PLAIN = "wss://api.openai.com/v1/realtime"
REST = "wss://api.openai.com/v1/realtime/transcription_sessions"
MENDED = "wss://api.openai.com/v1/realtime?intent=transcription"


def told(name: str, code: str) -> dict[str | None, list[Place]]:
    return {found.cause: list(found.places) for found in explain_all([(name, [code])], current()).findings}


# How each language opens a socket.
OPENS = {
    "x.py": 'ws = await websockets.connect("{}", additional_headers=h)',
    "x.ts": 'const ws = new WebSocket("{}", {{ headers }});',
    "x.cs": 'await ws.ConnectAsync(new Uri("{}"), ct);',
    "x.java": 'builder.buildAsync(URI.create("{}"), listener);',
    "x.kt": 'val request = Request.Builder().url("{}").build()',
    "x.go": 'conn, _, err := websocket.DefaultDialer.Dial("{}", header)',
    "x.rs": 'let (ws, _) = connect_async("{}").await?;',
    "x.swift": 'var request = URLRequest(url: URL(string: "{}")!)',
    "x.dart": "final ws = await WebSocket.connect('{}', headers: h);",
    "x.cpp": 'webSocket.setUrl("{}");',
    "x.php": "$client = new WebSocket\\Client('{}', $options);",
    "x.rb": "ws = Faye::WebSocket::Client.new('{}', nil, headers: h)",
}


@pytest.mark.parametrize("name", OPENS)
def test_a_path_of_rest_and_a_model_that_is_missing(name: str) -> None:
    [place] = told(name, f"\n{OPENS[name].format(REST)}\n")["refused.path"]
    assert (place.file, place.line, place.instead) == (name, 2, OPENS[name].format(MENDED))
    assert place.source[place.column : place.column + place.length] == REST
    [place] = told(name, OPENS[name].format(PLAIN))["session.model-missing"]
    assert place.instead == OPENS[name].format(MENDED)
    assert told(name, OPENS[name].format(GOOD)) == {}


# The header of the beta on its own line, and a placeholder for the key with the line that reads it.
HEADERS = {
    "x.py": ('headers["OpenAI-Beta"] = "realtime=v1"', '"Authorization": "Bearer YOUR_API_KEY",', "os.environ"),
    "x.ts": ('"OpenAI-Beta": "realtime=v1",', 'Authorization: "Bearer <your-api-key>",', "process.env"),
    "x.cs": (
        'ws.Options.SetRequestHeader("OpenAI-Beta", "realtime=v1");',
        'ws.Options.SetRequestHeader("Authorization", "Bearer YOUR_API_KEY");',
        "Environment.Get",
    ),
    "x.java": ('.header("OpenAI-Beta", "realtime=v1")', '.header("Authorization", "Bearer MY_KEY")', "System.getenv"),
    "x.kt": ('header("OpenAI-Beta", "realtime=v1")', 'header("Authorization", "Bearer MY_KEY")', "System.getenv"),
    "x.go": ('h.Set("OpenAI-Beta", "realtime=v1")', 'h.Set("Authorization", "Bearer YOUR_API_KEY")', "os.Getenv"),
    "x.rs": (
        'req.headers_mut().insert("OpenAI-Beta", HeaderValue::from_static("realtime=v1"));',
        'req.headers_mut().insert("Authorization", "Bearer YOUR_API_KEY".parse()?);',
        "std::env::var",
    ),
    "x.swift": (
        'request.setValue("realtime=v1", forHTTPHeaderField: "OpenAI-Beta")',
        'request.setValue("Bearer YOUR_API_KEY", forHTTPHeaderField: "Authorization")',
        "environment",
    ),
    "x.dart": ("'OpenAI-Beta': 'realtime=v1',", "'Authorization': 'Bearer YOUR_API_KEY',", "Platform.environment"),
    "x.cpp": ('headers["OpenAI-Beta"] = "realtime=v1";', 'headers["Authorization"] = "Bearer MY_KEY";', "std::getenv"),
    "x.php": ("'OpenAI-Beta' => 'realtime=v1',", "'Authorization' => 'Bearer YOUR_API_KEY',", "getenv("),
    "x.rb": ("'OpenAI-Beta' => 'realtime=v1',", "'Authorization' => 'Bearer YOUR_API_KEY',", "ENV.fetch"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_the_header_of_the_beta_and_a_placeholder_for_the_key(name: str) -> None:
    beta, key, reads = HEADERS[name]
    opens = OPENS[name].format(GOOD)
    [place] = told(name, f"{opens}\n{beta}\n")["session.beta-retired"]
    assert (place.line, place.source, place.removed) == (2, beta, True)
    [place] = told(name, f"{opens}\n{key}\n")["auth.invalid"]
    assert (place.line, place.source) == (2, key)
    assert reads in place.instead
    assert "Bearer" in place.instead
    assert "auth.invalid" not in told("pasted", f"{opens}\n{key}\n"), "in a paste it may stand for a secret"


# Flat fields of the beta as literals of each language.
FIELDS = {
    "x.py": 'session=dict(modalities=["text"], input_audio_format="pcm16")',
    "x.ts": 'session: { modalities: ["text"], input_audio_format: "pcm16" }',
    "x.cs": 'session = new { modalities = new[] { "text" }, input_audio_format = "pcm16" }',
    "x.java": 'String u = "{\\"session\\": {\\"modalities\\": [\\"text\\"], \\"input_audio_format\\": \\"pcm16\\"}}";',
    "x.kt": 'mapOf("modalities" to listOf("text"), "input_audio_format" to "pcm16")',
    "x.go": 'Modalities []string `json:"modalities"`; F string `json:"input_audio_format"`',
    "x.rs": 'json!({ "modalities": ["text"], "input_audio_format": "pcm16" })',
    "x.swift": '"session": ["modalities": ["text"], "input_audio_format": "pcm16"]',
    "x.dart": "'session': {'modalities': ['text'], 'input_audio_format': 'pcm16'}",
    "x.cpp": '{"session", {{"modalities", {"text"}}, {"input_audio_format", "pcm16"}}}',
    "x.php": "'session' => ['modalities' => ['text'], 'input_audio_format' => 'pcm16']",
    "x.rb": ":session => { :modalities => ['text'], :input_audio_format => 'pcm16' }",
}


@pytest.mark.parametrize("name", FIELDS)
def test_flat_fields_of_the_beta_in_any_literal(name: str) -> None:
    places = told(name, f"{OPENS[name].format(GOOD)}\n{FIELDS[name]}\n")["session.beta-field"]
    marked = [place.source[place.column : place.column + place.length] for place in places]
    assert [any(field in mark for mark in marked) for field in ("modalities", "input_audio_format")] == [True, True]
    assert any("output_modalities" in place.instead for place in places)


DEAD = {
    "x.py": ('"""\nOnce: {bad}\n"""', '# connect("{bad}")', 'OLD = "{bad}"'),
    "x.ts": ('/*\n const u = "{bad}";\n*/', '// "{bad}"', 'const old = "{bad}";'),
    "x.cs": ("/* {bad} */", "// {bad}", 'private const string Old = "{bad}";'),
    "x.java": ("/*\n {bad}\n*/", "// {bad}", 'private static final String OLD = "{bad}";'),
    "x.kt": ("/*\n {bad}\n*/", "// {bad}", 'val old = "{bad}"'),
    "x.go": ("/*\n {bad}\n*/", "// {bad}", 'oldURL := "{bad}"'),
    "x.rs": ("/*\n {bad}\n*/", "// {bad}", 'let old = "{bad}";'),
    "x.swift": ("/*\n {bad}\n*/", "// {bad}", 'let old = "{bad}"'),
    "x.dart": ("/*\n {bad}\n*/", "// {bad}", "final old = '{bad}';"),
    "x.cpp": ("/*\n {bad}\n*/", "// {bad}", 'const char* old = "{bad}";'),
    "x.php": ("/*\n {bad}\n*/", "# {bad}", "$old = '{bad}';"),
    "x.rb": ("=begin\n{bad}\n=end", "# {bad}", "old = '{bad}'"),
}


@pytest.mark.parametrize("name", DEAD)
def test_nothing_is_told_of_comments_and_of_texts_that_nobody_reads(name: str) -> None:
    opens = OPENS[name].format(GOOD)
    for dead in DEAD[name]:
        assert told(name, f"{dead.format(bad=REST)}\n{opens}\n") == {}, dead
    used = DEAD[name][2].format(bad=REST)
    held = used.replace("$", "").partition("=")[0].replace(":", " ").split()[-1]
    assert "refused.path" in told(name, f"{used}\n{opens}\nopen({held})\n"), "what is read is looked at"


@pytest.mark.parametrize(
    ("name", "code", "cause", "instead"),
    [
        (
            "x.go",
            'u := url.URL{Scheme: "wss", Host: "api.openai.com", Path: "/v1/realtime/sessions", RawQuery: "model=m"}',
            "refused.path",
            'u := url.URL{Scheme: "wss", Host: "api.openai.com", Path: "/v1/realtime", RawQuery: "model=m"}',
        ),
        (
            "x.py",
            f'ws = await websockets.connect("{GOOD}", extra_headers=h)',
            "usage.client-argument",
            f'ws = await websockets.connect("{GOOD}", additional_headers=h)',
        ),
    ],
)
def test_a_url_in_parts_and_an_argument_of_another_version(name: str, code: str, cause: str, instead: str) -> None:
    [place] = told(name, code)[cause]
    assert place.instead == instead


def test_a_key_that_is_read_from_nowhere() -> None:
    code = (
        'client = OpenAI(api_key="")\nws = websockets.connect("wss://api.openai.com/v1/realtime?model=gpt-realtime")\n'
    )
    [place] = told("x.py", code)["usage.no-credential"]
    assert (place.line, place.column) == (1, 16)
    assert told("x.py", code.replace('""', 'os.environ["K"]')) == {}
