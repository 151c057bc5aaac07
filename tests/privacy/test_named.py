"""What stands behind a name that tells of a secret is masked, however the name goes on and whatever wraps the value."""

import pytest

from rtdoctor.privacy.quote import quote, redact

PASSWORD, TOKEN, WORD = "Sommer2024", "k9mP2vL5q", "letmein"


def masked(text, secret):
    for step in (quote, redact):
        shown = step(text)
        assert secret not in shown, shown
        assert "[secret" in shown
        assert step(shown) == shown


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('auth={password:"Sommer2024"}', PASSWORD),
        ("credentials: {token: k9mP2vL5q}", TOKEN),
        ('Invalid key: password="Sommer2024"', PASSWORD),
        ('Authorization: Token token="k9mP2vL5q", nonce="x"', TOKEN),
        ('auth: {user: "me", pass: "Sommer2024"}', PASSWORD),
        ('auth => [password => "Sommer2024"]', PASSWORD),
        ('api_key=api_key="k9mP2vL5q"', TOKEN),
        ("password=token=ab9", "ab9"),
        ("credentials: pw=ab9", "ab9"),
    ],
)
def test_a_name_inside_of_the_value_of_another_is_looked_at_too(text, secret):
    masked(text, secret)


def test_only_the_value_of_the_inner_name_is_masked():
    assert quote('credentials: token="k9mP2vL5q"').startswith('credentials: token="[secret ')


@pytest.mark.parametrize(
    "name",
    [
        *("OPENAI_API_KEY_PROD=", "API_KEY_OPENAI: ", "api_key2: ", "TOKEN_GITHUB=", "tokenValue=", '"secret_value": '),
        *("secrets=", "apiKeys: ", "API_KEY_2=", "OPENAI_KEY1=", "credentials_prod: ", "accessTokenSecret="),
    ],
)
def test_a_name_tells_wherever_the_word_of_a_secret_stands_in_it(name):
    masked(f"{name}{TOKEN}", TOKEN)
    masked(f'{name}"{TOKEN}"', TOKEN)


@pytest.mark.parametrize(
    "name",
    ["password1=", '"passwd2": ', "passwords: ", "DB_PASSWORD_PROD=", "password_confirmation=", "passwordValue: "],
)
def test_so_does_a_passwords(name):
    masked(f"{name}{PASSWORD}", PASSWORD)
    masked(f"{name}hunter2", "hunter2")


@pytest.mark.parametrize(
    "text",
    [
        'map[Api-Key:["k9mP2vL5q"] Content-Type:[x]]',
        "map[Api-Key:[k9mP2vL5q] Authorization:[x]]",
        "{authorization=[Bearer k9mP2vL5q], api-key=[k9mP2vL5q]}",
        '{"X-Api-Key":["k9mP2vL5q"],"Accept":["x"]}',
        "[(b'api-key', b'k9mP2vL5q')]",
        '{<<"api-key">>,<<"k9mP2vL5q">>}',
        "[apiKey:protected] => k9mP2vL5q",
        '["apiKey":"Client":private]=>\n  string(9) "k9mP2vL5q"',
        '["api-key"]=> string(9) "k9mP2vL5q"',
        'apiKey?: string = "k9mP2vL5q"',
        "headers: { 'api-key': [ 'k9mP2vL5q' ] }",
        'api_key: Secret(String("k9mP2vL5q"))',
        '"auth": ["k9mP2vL5q"]',
        "password = (k9mP2vL5q)",
        'auth: {"api_key": {"token": "k9mP2vL5q"}}',
    ],
)
def test_brackets_around_a_value_hide_nothing(text):
    masked(text, TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        "**API key**: k9mP2vL5q",
        "**API key:** k9mP2vL5q",
        "| api_key | k9mP2vL5q |",
        'api_key == "k9mP2vL5q"',
        'api_key !== "k9mP2vL5q"',
        "api_key：k9mP2vL5q",
        "api_key: |\n  k9mP2vL5q",
        "api_key: >-\n  k9mP2vL5q",
        "api_key: !!str k9mP2vL5q",
        "api_key: &a k9mP2vL5q",
    ],
)
def test_signs_of_documents_part_a_name_from_its_value(text):
    masked(text, TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        '"api_key": {"value": "k9mP2vL5q", "type": "string"}',
        '{"api_key": {"sensitive": true, "type": "string", "value": "k9mP2vL5q"}}',
        "client_secret: {value: k9mP2vL5q}",
        'variable "api_key" {\n  default = "k9mP2vL5q"\n}',
        '{"value":"k9mP2vL5q","key":"api-key"}',
        '{"enabled":true,"value":"k9mP2vL5q","type":"secret","key":"api-key"}',
        '{"name":"api-key","type":"string","value":"k9mP2vL5q"}',
        '<entry key="password">k9mP2vL5q</entry>',
        '<setting name="ApiKey" serializeAs="String"><value>k9mP2vL5q</value></setting>',
        'Content-Disposition: form-data; name="password"\r\n\r\nk9mP2vL5q',
    ],
)
def test_a_value_belongs_to_the_name_in_another_field_of_its_object(text):
    masked(text, TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        '{"cookies":[{"name":"session","value":"k9mP2vL5q"},{"name":"b","value":"x"}]}',
        "curl --cookie session=k9mP2vL5q https://h.example",
        "GET / JSESSIONID=k9mP2vL5q",
        "connect.sid=s%3Ak9mP2vL5q",
        '* Added cookie session="k9mP2vL5q" for domain h.example',
        ".h.example\tTRUE\t/\tFALSE\t0\tsession\tk9mP2vL5q",
    ],
)
def test_the_value_of_a_cookie_is_masked_wherever_cookies_are_kept(text):
    masked(text, TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        'const apiKey = process.env.OPENAI_API_KEY || "k9mP2vL5q"',
        "const apiKey = process.env.OPENAI_API_KEY ?? 'k9mP2vL5q'",
        'api_key = config["api_key"] or "k9mP2vL5q"',
        'password = os.environ.get("DB", "k9mP2vL5q")',
        'os.environ.get("OPENAI_API_KEY", default="k9mP2vL5q")',
        'password: System.getenv("X") ?: "k9mP2vL5q"',
        'password: {{ env "X" | default "k9mP2vL5q" }}',
        "OPENAI_API_KEY=${OPENAI_API_KEY:-k9mP2vL5q}",
        "password: ${DB_PASSWORD:k9mP2vL5q}",
    ],
)
def test_a_default_that_stands_in_for_a_secret_is_one(text):
    masked(text, TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        "keytool -list -storepass k9mP2vL5q",
        "see\n-storepass k9mP2vL5q",
        "app --verbose --token k9mP2vL5q",
        "curl --cert c.pem:k9mP2vL5q https://h.example",
        "curl -E c.pem:k9mP2vL5q https://h.example",
        "set -gx OPENAI_API_KEY k9mP2vL5q",
        "set $api_key k9mP2vL5q;",
        "header_up api-key k9mP2vL5q",
        "machine h.example login me password k9mP2vL5q",
        'Credentials.basic("me", "k9mP2vL5q")',
        "401: Invalid token k9mP2vL5q",
        "LiteLLM Virtual Key expected. Received=k9mP2vL5q, expected to start with 'sk-'",
        "Authorization: Negotiate k9mP2vL5q",
    ],
)
def test_commands_settings_and_sentences_give_a_secret_away(text):
    masked(text, TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        "api_key=letmein",
        "OPENAI_API_KEY=letmein\n",
        '{"api-key": "letmein"}',
        "app --api-key letmein",
        "realtime, openai-insecure-api-key.letmein",
        'client_secret="Letmein"',
    ],
)
def test_a_word_that_is_assigned_to_a_key_is_its_value(text):
    masked(text, text[-9:].strip('"}\n =.'))
    assert WORD not in quote(text).lower()


@pytest.mark.parametrize(
    "text",
    [
        "token: expired, token='expired', api key: missing, api_key=undefined, authorization: failed",
        'key=\'session\' key=name auth=basic "auth": "bearer" \'key\': "value"',
        "api_key=api_key, token=self.token, api_key=config, token = create(x), secret=client_secret",
        "Config(api_key=letters, x=1) fetch(token=letters)",
        '{"token": "transcription", "logprob": -0.1, "bytes": [1]} Unexpected token: "session" at 3',
        '"tokens": ["hello", "world"], "keys": ["model", "voice"]',
        "usage: app [--api-key KEY] --token string --token-file x9y8z7w6 with --api-key instead",
        "keyboard: qwerty99, keyword=gpt4o-mini1, author: jdoe42x, tokenizer: cl100k_base, secretary=jdoe42x",
        "token_type: bearer12, key_id=AKIDab12, auth_mode=AzureADTokenProvider2, cookie_policy: strict12",
        "max_output_tokens: 4096, tokens_used=123456, total_tokens: 123456, token_limit=200k/min, key_type: RSA2048",
        "signature: sha256WithRSAEncryption key: api-key Signature Algorithm: ecdsa-with-SHA384",
        '"password": {"type": "string", "minLength": 8}, auth: {type: none}, password: {value: none}',
        "| password | string | required |\n| token | description |",
        "password_policy: strict, password_reset: done, passwords: stored",
        'model = args.model or "gpt-4o-mini1", os.environ.get("MODEL", "gpt-4o-mini1"), ${MODEL:-gpt-4o-mini1}',
        '{"name": "model", "value": "gpt4o-mini1"}, {"temperature": {"default": "0.8"}}, <a name="b">c1d2e3f4</a>',
        "curl --cert C:\\certs\\c.pem, --cert c.pem; your login and password combination; Invalid token at 12:34",
        '{"code":"invalid_api_key","message":"no","param":null} key = key or "its own" if token == "callable":',
        'auth = ["secret", "subprotocol"] "--token", "--model1" Finding("pass", f"is {x}") password: (bool, x)',
        'SetRequestHeader("Authorization", "Bearer " + key) InvalidHeader("Sec-WebSocket-Key", "more than one")',
        'f"Bearer {config.key_of(x1)}" self._secret = self._secret or "ek_" in text, last_pass_result=x1 in y',
        "last_pass_result=x1y2z3 | network.proxy-auth | 407 of a proxy4you | x.encode('utf-8')",
        "authorization: failed auth_type=bearer; invalid token in position 12; Bearer: true; using key 0x1f2e3d",
    ],
)
def test_names_words_and_placeholders_stand(text):
    assert quote(text) == text


@pytest.mark.heavy
def test_names_in_names_and_what_is_looked_for_around_a_value_cost_time_in_proportion():
    from tests.doubling import assert_linear

    for piece in (
        "key=",
        'key="',
        "auth:{",
        "key=[",
        "keykey",
        "password=a:",
        'or "abc1" ',
        "value: abc1 ",
        '(a,"ab1")',
    ):
        assert_linear(lambda size, piece=piece: piece * (size // len(piece)), redact)


@pytest.mark.parametrize(
    "text",
    [
        "DB_PASS\n{}",
        "DB_PASSWORD\r\n  {}\r\n",
        "Password:\n{}",
        "password - {}",
        "use password {} to log in",
        "the password for the db is {}",
        "пароль: {}",
        "密码：{}",
        "我的密码是: 密码 {}",
        "パスワード: {}",
        "비밀번호: {}",
        "hasło: {}",
        "lösenord: {}",
        "salasana: {}",
        "şifre: {}",
        "ssh-keygen -t rsa -N {}",
        "htpasswd -b file user {}",
        "echo {} | docker login --password-stdin",
        "echo '{}' | sudo -S ls",
    ],
)
def test_a_password_is_found_behind_its_name_in_whatever_language_and_on_the_next_line(text):
    assert "Winter2024x" not in redact(text.format("Winter2024x"))


@pytest.mark.parametrize(
    "text",
    [
        "API_KEY\ngpt-realtime-2.1",
        "PASSWORD\nrequired",
        "password for user2 was reset",
        "Password must contain 8 characters",
        "password hash is sha256",
        "Enter passphrase for key '/home/u/.ssh/id_ed25519':",
        "密码：wrong",
        "模型：gpt-realtime-2.1",
        "heslo: wrong",
        'password authentication failed for user "postgres1"',
        "echo hello2 | grep world",
    ],
)
def test_what_is_said_beside_a_password_stands(text):
    assert quote(text) == text


def test_what_was_quoted_is_not_masked_again_behind_a_subprotocol():
    once = quote('key,"openai-beta.realtimr9Kc4')
    assert quote(once) == once
