"""How a request shows who asks: each kind against a server that checks it for itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest

from polyfolio.errors import ConfigError, RetryError
from polyfolio.market.secret import Secret, hidden
from tests.market.network.server import Reply, Seen, Server, serving
from tests.market.network.tools import LATER, Market, Still, vendor

DAYS = ("2024-01-01", "2024-01-02")
KEY, SECRET = "k-1", "s-2"

Check = Callable[[Seen], bool]


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYS1_KEY", KEY)
    monkeypatch.setenv("SYS1_SECRET", SECRET)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Market()) as made:
        yield made


def guard(server: Server, check: Check) -> None:
    """Let the server answer 401 to whoever does not show who asks."""
    market = server.answering
    server.answering = lambda seen: market(seen) if check(seen) else Reply({"error": "who are you?"}, 401)


@pytest.mark.parametrize(
    ("auth", "check"),
    [
        ({"kind": "header", "name": "X-API-KEY"}, lambda seen: seen.headers.get("x-api-key") == KEY),
        ({"kind": "query", "name": "apikey"}, lambda seen: seen.query.get("apikey") == KEY),
        ({"kind": "bearer"}, lambda seen: seen.headers.get("authorization") == f"Bearer {KEY}"),
    ],
)
def test_a_key_is_shown_where_the_settings_say(server: Server, auth: dict[str, str], check: Check) -> None:
    guard(server, check)
    assert vendor(server, auth={**auth, "api_key": "env:SYS1_KEY"}).fetch(["AAA"], *DAYS, "1h")["AAA"].size == 48
    with pytest.raises(ConfigError, match=r"credentials that sys1 accepts.*none; it said.*who are you"):
        vendor(server).fetch(["AAA"], *DAYS, "1h")


HMAC = {
    "kind": "hmac",
    "api_key": "env:SYS1_KEY",
    "secret": "env:SYS1_SECRET",
    "name": "X-KEY",
    "time_name": "X-TIME",
    "signature_name": "X-SIGN",
    "payload": "{timestamp}{method}{path}?{query}",
}


def signed_headers(seen: Seen, now: int, slack: float = 5.0) -> bool:
    """The check of a server: the signature is right and not old."""
    stamp = seen.headers.get("x-time", "0")
    query = urlencode(seen.query)
    text = f"{stamp}{seen.method}{seen.path}?{query}"
    wanted = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    fresh = abs(int(stamp) / 1000 - now / 10**9) <= slack
    return fresh and seen.headers.get("x-key") == KEY and hmac.compare_digest(wanted, seen.headers.get("x-sign", ""))


def test_a_signature_is_one_the_server_computes_too(server: Server) -> None:
    guard(server, lambda seen: signed_headers(seen, LATER))
    assert vendor(server, auth=HMAC).fetch(["AAA"], *DAYS, "1h")["AAA"].size == 48
    with pytest.raises(ConfigError, match="env:SYS1_KEY, env:SYS1_SECRET"):
        vendor(server, auth={**HMAC, "payload": "{timestamp}{path}"}).fetch(["AAA"], *DAYS, "1h")


def test_a_signature_with_a_wrong_clock_is_made_anew_with_the_servers(server: Server) -> None:
    guard(server, lambda seen: signed_headers(seen, LATER))
    server.date = formatdate(LATER / 10**9, usegmt=True)
    bars = vendor(server, Still(utc=LATER - 90 * 10**9), auth=HMAC).fetch(["AAA"], *DAYS, "1h")["AAA"]
    assert bars.size == 48
    assert bars.findings == ("our clock is -90 s off that of sys1; theirs was used",)
    assert len(server.seen) == 2


def test_every_retry_is_signed_at_its_own_time(server: Server) -> None:
    server.queue = [Reply(status=503, headers={"Retry-After": "30"})]
    vendor(server, auth=HMAC).fetch(["AAA"], *DAYS, "1h")
    first, second = (int(seen.headers["x-time"]) for seen in server.seen)
    assert second - first == 30_000


def test_a_signature_in_the_query_with_base64_and_sha512(server: Server) -> None:
    auth = {
        **HMAC,
        "place": "query",
        "name": "key",
        "time_name": "ts",
        "signature_name": "sig",
        "payload": "{query}",
        "digest": "sha512",
        "encoding": "base64",
        "time_unit": "s",
    }

    def check(seen: Seen) -> bool:
        values = dict(seen.query)
        sent = values.pop("sig", "")
        text = urlencode(values)
        digest = hmac.new(SECRET.encode(), text.encode(), hashlib.sha512).digest()
        return sent == base64.b64encode(digest).decode() and int(values["ts"]) == LATER // 10**9

    guard(server, check)
    assert vendor(server, auth=auth).fetch(["AAA"], *DAYS, "1h")["AAA"].size == 48


class Tokens:
    """A token address and bars behind it."""

    def __init__(self, in_body: bool = False) -> None:
        self.in_body, self.issued, self.valid = in_body, 0, ""
        self.market = Market()
        self.reply: Reply | None = None

    def __call__(self, seen: Seen) -> Reply:
        if seen.path != "/token":
            known = seen.headers.get("authorization") == f"Bearer {self.valid}"
            return self.market(seen) if known else Reply({"error": "token"}, 401)
        form = dict(parse_qsl(seen.body.decode()))
        basic = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        shown = (
            (form.get("client_id"), form.get("client_secret")) if self.in_body else seen.headers.get("authorization")
        )
        wanted = (KEY, SECRET) if self.in_body else f"Basic {basic}"
        if seen.method != "POST" or form.get("grant_type") != "client_credentials" or shown != wanted:
            return Reply({"error": "invalid_client"}, 400)
        if self.reply is not None:
            return self.reply
        self.issued += 1
        self.valid = f"token-{self.issued}"
        return Reply({"access_token": self.valid, "expires_in": 3600, "scope": form.get("scope", "")})


@pytest.fixture
def tokens() -> Iterator[tuple[Server, Tokens]]:
    made = Tokens()
    with serving(made) as server:
        yield server, made


def oauth(server: Server, **changes: str) -> dict[str, str]:
    settings = {"kind": "oauth2", "api_key": "env:SYS1_KEY", "secret": "env:SYS1_SECRET", "scope": "bars"}
    return {**settings, "token_url": f"{server.url}/token", **changes}


def test_a_token_is_fetched_once_kept_and_renewed_before_it_ends(tokens: tuple[Server, Tokens]) -> None:
    server, issuer = tokens
    still = Still()
    source = vendor(server, still, auth=oauth(server))
    for _ in range(2):
        assert source.fetch(["AAA"], *DAYS, "1h")["AAA"].size == 48
    assert issuer.issued == 1
    still.sleep(3600 - 20)
    source.fetch(["AAA"], *DAYS, "1h")
    assert issuer.issued == 2


def test_a_token_that_is_taken_back_is_replaced_once(tokens: tuple[Server, Tokens]) -> None:
    server, issuer = tokens
    source = vendor(server, auth=oauth(server))
    source.fetch(["AAA"], *DAYS, "1h")
    issuer.valid = "another"
    assert source.fetch(["AAA"], *DAYS, "1h")["AAA"].size == 48
    assert issuer.issued == 2
    issuer.market = lambda seen: Reply({"error": "no bars for you"}, 403)
    with pytest.raises(ConfigError, match=r"status 403.*no bars for you"):
        source.fetch(["AAA"], *DAYS, "1h")


def test_the_credentials_may_stand_in_the_body(tokens: tuple[Server, Tokens]) -> None:
    server, issuer = tokens
    issuer.in_body = True
    assert vendor(server, auth=oauth(server, place="body")).fetch(["AAA"], *DAYS, "1h")["AAA"].size == 48


def test_refused_client_credentials_are_named(tokens: tuple[Server, Tokens]) -> None:
    server, _ = tokens
    with pytest.raises(ConfigError, match="env:SYS1_KEY, env:SYS1_KEY: got 'status 400'"):
        vendor(server, auth=oauth(server, secret="env:SYS1_KEY")).fetch(["AAA"], *DAYS, "1h")


@pytest.mark.parametrize(
    ("body", "said"), [({}, "without access_token"), ({"access_token": "x", "expires_in": "soon"}, "expires_in")]
)
def test_a_broken_token_answer_is_asked_again_and_named(
    tokens: tuple[Server, Tokens], body: dict[str, str], said: str
) -> None:
    server, issuer = tokens
    issuer.reply = Reply(body)
    still = Still()
    with pytest.raises(RetryError, match=said):
        vendor(server, still, auth=oauth(server)).fetch(["AAA"], *DAYS, "1h")
    assert len(still.slept) == 3


@pytest.mark.parametrize(
    ("auth", "key"),
    [
        ({"kind": "bearer"}, "auth.api_key"),
        ({"kind": "hmac", "api_key": "env:A", "secret": "env:B"}, "auth.name"),
        ({"kind": "oauth2", "api_key": "env:A", "secret": "env:B"}, "auth.token_url"),
        ({"kind": "header", "api_key": "env:A", "name": "X", "place": "body"}, "auth.place"),
        ({"kind": "berer"}, "auth.kind"),
    ],
)
def test_a_kind_that_lacks_something_is_refused_before_anything_is_sent(
    server: Server, auth: dict[str, str], key: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{key}"):
        vendor(server, auth=auth)
    assert server.seen == []


@pytest.mark.pitfall("SEC-08")
def test_a_secret_in_the_settings_themselves_is_refused_and_not_repeated(server: Server) -> None:
    with pytest.raises(ConfigError) as error:
        vendor(server, auth={"kind": "bearer", "api_key": "sk-live-123"})
    assert "env:NAME" in str(error.value)
    assert "sk-live-123" not in str(error.value)
    with pytest.raises(ConfigError) as error:
        Secret("sk-live-123")
    assert "sk-live-123" not in str(error.value)


@pytest.mark.pitfall("SEC-08")
def test_a_secret_shows_its_place_and_stars(server: Server) -> None:
    secret = Secret("env:SYS1_KEY")
    assert repr(secret) == str(secret) == "Secret('env:SYS1_KEY', ****)"
    assert f"{secret.__dict__}" == "{'place': 'env:SYS1_KEY'}"
    assert secret.reveal() == KEY
    assert secret == Secret("env:SYS1_KEY")
    assert len({secret, Secret("env:SYS1_KEY"), Secret("env:SYS1_SECRET")}) == 2
    source = vendor(server, auth={"kind": "bearer", "api_key": "env:SYS1_KEY"})
    source.fetch(["AAA"], *DAYS, "1h")
    assert KEY not in repr(vars(source)) + repr(vars(source.auth)) + repr(source.settings)


def test_a_secret_is_read_from_a_file_of_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("from-a-file\n")
    file.chmod(0o640)
    with pytest.raises(ConfigError, match=r"permissions 640.*chmod 600"):
        Secret(f"file:{file}").reveal()
    file.chmod(0o600)
    assert Secret(f"file:{file}").reveal() == "from-a-file"
    with pytest.raises(ConfigError, match="No such file"):
        Secret(f"file:{tmp_path / 'none'}").reveal()


def test_a_secret_that_is_not_set_is_named(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYS1_KEY")
    with pytest.raises(ConfigError, match="env:SYS1_KEY: got None, must be set"):
        vendor(server, auth={"kind": "bearer", "api_key": "env:SYS1_KEY"}).fetch(["AAA"], *DAYS, "1h")


def test_every_written_form_of_a_secret_is_hidden() -> None:
    value = "a/b c+d"
    basic = base64.b64encode(value.encode()).decode()
    text = f"{value} a%2Fb%20c%2Bd a%2Fb+c%2Bd {basic}"
    assert hidden(text, [value, ""]) == "**** **** **** ****"
    assert hidden("abc ab", ["ab", "abc"]) == "**** ****"
