"""Who gets in by a token, and who does not, whatever the token looks like."""

import base64
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import RSAKey
from tests.http.issuers import ADA, NAME, NOW, MemoryIssuer, ec

from chassis.errors import Misuse, Refused, Unavailable
from chassis.http.service_token import ServiceToken, read_secret
from chassis.http.tokens import OidcTokens, Principal, Tokens
from chassis.testing import MemoryTokens


def tokens_of(issuer: MemoryIssuer, development: bool = False) -> OidcTokens:
    return OidcTokens(
        issuer.seen_by_a_service(development), "ascolto", lambda: datetime.fromtimestamp(NOW, UTC)
    )


async def refused(tokens: Tokens, token: str) -> Refused:
    with pytest.raises(Refused) as refusal:
        await tokens.read(token)
    return refusal.value


@pytest.mark.parametrize("kind", ["memory", "oidc"])
async def test_a_token_tells_who_somebody_is_and_another_word_nothing(kind: str) -> None:
    issuer = MemoryIssuer()
    tokens: Tokens = tokens_of(issuer) if kind == "oidc" else MemoryTokens({"ada-esempio": "operator"})
    good = issuer.token() if kind == "oidc" else "ada-esempio"

    assert await tokens.read(good) == Principal("ada-esempio", frozenset({"operator"}))

    refusal = await refused(tokens, "another")
    assert (refusal.slug, refusal.status) == ("invalid-token", 401)
    assert (refusal.headers or {})["WWW-Authenticate"].startswith('Bearer error="invalid_token"')
    await tokens.close()


async def test_a_token_signed_with_rsa_is_taken() -> None:
    key = RSAKey.generate_key(2048, parameters={"kid": "rsa"})
    issuer = MemoryIssuer([key])

    principal = await tokens_of(issuer).read(issuer.token(key=key, header={"alg": "RS256"}))

    assert principal.subject == "ada-esempio"


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({"iss": "https://other.example"}, {}),
        ({"iss": None}, {}),
        ({"aud": "another-service"}, {}),
        ({"aud": ["another-service", "a-third"]}, {}),
        ({"aud": None}, {}),
        ({"sub": None}, {}),
        ({"sub": 7}, {}),
        ({"exp": NOW - 31}, {}),
        ({"exp": None}, {}),
        ({"exp": "tomorrow"}, {}),
        ({"nbf": NOW + 31}, {}),
        ({"iat": NOW + 31}, {}),
        ({}, {"typ": "JWT"}),
        ({}, {"typ": None}),
        ({}, {"kid": "unknown"}),
        ({}, {"kid": "first", "crit": ["exp"]}),
    ],
)
async def test_a_token_that_is_not_one_for_here_and_now_is_refused(
    claims: dict[str, Any], header: dict[str, Any]
) -> None:
    issuer = MemoryIssuer()
    token = _by_hand(issuer, header) if "crit" in header else issuer.token(claims, header=header)

    assert (await refused(tokens_of(issuer), token)).status == 401


def _by_hand(issuer: MemoryIssuer, header: dict[str, Any]) -> str:
    """A token that the library would not make, well signed."""
    head, body, _ = issuer.token().split(".")
    signed = f"{_encoded(json.dumps(json.loads(_decoded(head)) | header).encode())}.{body}".encode()
    key: Any = issuer.keys[0].get_op_key("sign")
    r, s = decode_dss_signature(key.sign(signed, ECDSA(SHA256())))
    return f"{signed.decode()}.{_encoded(r.to_bytes(32) + s.to_bytes(32))}"


async def test_a_token_made_by_hand_is_taken_when_all_of_it_is_right() -> None:
    issuer = MemoryIssuer()

    assert (await tokens_of(issuer).read(_by_hand(issuer, {}))).subject == "ada-esempio"


@pytest.mark.parametrize(
    "claims", [{"aud": ["x", "ascolto"]}, {"exp": NOW - 29}, {"nbf": NOW + 29}, {"iat": NOW + 29}]
)
async def test_a_list_of_audiences_and_clocks_a_little_apart_are_taken(claims: dict[str, Any]) -> None:
    issuer = MemoryIssuer()

    assert (await tokens_of(issuer).read(issuer.token(claims))).subject == "ada-esempio"


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


async def test_a_token_without_a_signature_is_refused() -> None:
    issuer = MemoryIssuer()
    _, body, _ = issuer.token().split(".")
    head = _encoded(json.dumps({"alg": "none", "typ": "at+jwt", "kid": "first"}).encode())

    assert (await refused(tokens_of(issuer), f"{head}.{body}.")).status == 401


async def test_the_public_key_is_no_shared_secret() -> None:
    issuer = MemoryIssuer()
    head, body, _ = issuer.token(header={"alg": "ES256"}).split(".")
    head = _encoded(json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": "first"}).encode())
    for secret in (issuer.keys[0].as_pem(private=False), issuer.keys[0].as_der(private=False)):
        forged = hmac.digest(secret, f"{head}.{body}".encode(), "sha256")
        refusal = await refused(tokens_of(issuer), f"{head}.{body}.{_encoded(forged)}")
        assert "unsupported_algorithm" in refusal.detail


async def test_a_strangers_key_under_our_kid_is_refused() -> None:
    issuer = MemoryIssuer()

    assert (await refused(tokens_of(issuer), issuer.token(key=ec("first")))).status == 401


@given(st.one_of(st.text(), st.builds(lambda a, b, c: f"{a}.{b}.{c}", st.text(), st.text(), st.text())))
async def test_whatever_is_sent_as_a_token_is_refused_and_nothing_breaks(text: str) -> None:
    await refused(tokens_of(MemoryIssuer()), text)


@given(
    head=st.dictionaries(
        st.text(max_size=5), st.one_of(st.none(), st.integers(), st.text(), st.lists(st.text()))
    ),
    typical=st.fixed_dictionaries(
        {}, optional={"alg": st.sampled_from(["ES256", "RS256", "none", 1]), "kid": st.just("first")}
    ),
    body=st.binary(max_size=30),
)
async def test_whatever_a_tokens_header_says_is_refused_and_nothing_breaks(
    head: dict[str, Any], typical: dict[str, Any], body: bytes
) -> None:
    token = f"{_encoded(json.dumps(head | typical).encode())}.{_encoded(body)}.{_encoded(b'x' * 64)}"

    await refused(tokens_of(MemoryIssuer()), token)


@pytest.mark.parametrize("said", [None, "operator", 7, {"a": 1}, ["operator", 7, None]])
async def test_roles_are_words(said: Any) -> None:
    issuer = MemoryIssuer()

    principal = await tokens_of(issuer).read(issuer.token({"roles": said}))

    assert principal.roles <= {"operator"}


async def test_an_unknown_key_makes_the_issuer_be_asked_once_in_a_cool_down() -> None:
    issuer = MemoryIssuer()
    tokens = tokens_of(issuer)
    await tokens.read(issuer.token())
    issuer.now += 11
    stranger = ec("second")

    for _ in range(50):
        await refused(tokens, issuer.token(key=stranger))

    assert issuer.asked.count("/jwks") == 2


async def test_a_new_key_is_known_after_the_cool_down_and_an_old_one_forgotten() -> None:
    issuer = MemoryIssuer()
    tokens = tokens_of(issuer)
    old = issuer.token()
    await tokens.read(old)
    issuer.keys, issuer.now = [ec("second")], issuer.now + 11

    assert (await tokens.read(issuer.token())).subject == "ada-esempio"
    await refused(tokens, old)


async def test_while_the_issuer_is_away_its_last_keys_hold() -> None:
    issuer = MemoryIssuer()
    tokens = tokens_of(issuer)
    await tokens.read(issuer.token())

    issuer.away, issuer.now = True, issuer.now + 10_000

    assert (await tokens.read(issuer.token())).subject == "ada-esempio"


async def test_before_the_issuer_was_heard_nobody_is_refused_and_nobody_gets_in() -> None:
    issuer = MemoryIssuer(away=True)
    tokens = tokens_of(issuer)
    for _ in range(20):
        with pytest.raises(Unavailable):
            await tokens.read(issuer.token())
    assert len(issuer.asked) == 1

    issuer.away, issuer.now = False, issuer.now + 1

    assert (await tokens.read(issuer.token())).subject == "ada-esempio"


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://other.example"},
        {"ascolto_development": True},
        {"jwks_uri": "no address"},
        {"issuer": 7},
    ],
)
async def test_what_is_not_the_issuer_that_was_named_is_not_believed(document: dict[str, Any]) -> None:
    issuer = MemoryIssuer(document=document)

    with pytest.raises(Unavailable):
        await tokens_of(issuer).read(issuer.token())


async def test_the_development_issuer_is_believed_in_development_only() -> None:
    issuer = MemoryIssuer(document={"ascolto_development": True})

    assert (await tokens_of(issuer, development=True).read(issuer.token())).subject == "ada-esempio"


async def test_keys_that_are_not_for_us_are_passed_over() -> None:
    issuer = MemoryIssuer()
    strange: list[Any] = [{}, 7, {"kty": "oct", "k": "c2VjcmV0", "kid": "first"}, {"kty": "EC"}]
    issuer_key = issuer.keys[0].as_dict(private=False)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/jwks":
            return httpx.Response(200, json={"keys": [*strange, issuer_key]})
        return issuer.answer(request)

    seen = issuer.seen_by_a_service()
    seen.client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    tokens = OidcTokens(seen, "ascolto", lambda: datetime.fromtimestamp(NOW, UTC))

    assert (await tokens.read(issuer.token())).subject == ADA["sub"]


def given_token(word: str, seconds: float = 300) -> httpx.Response:
    return httpx.Response(200, json={"access_token": word, "expires_in": seconds})


async def test_a_program_asks_for_its_token_once_and_again_shortly_before_its_end() -> None:
    issuer = MemoryIssuer(tokens=[given_token("one"), given_token("two")])
    service = ServiceToken(issuer.seen_by_a_service(), "ascolto-notify", "a secret", lambda: issuer.now)

    assert [await service.token() for _ in range(3)] == ["one", "one", "one"]
    issuer.now += 269
    assert await service.token() == "one"
    issuer.now += 2
    assert await service.token() == "two"
    assert b"grant_type=client_credentials" in issuer.posted[0].content
    assert issuer.posted[0].headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"error": "invalid_client"}),
        httpx.Response(500, text="oops"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"access_token": "x", "expires_in": "soon"}),
    ],
)
async def test_a_token_that_is_not_given_is_something_unavailable(answer: httpx.Response) -> None:
    issuer = MemoryIssuer(tokens=[answer, given_token("later")])
    service = ServiceToken(issuer.seen_by_a_service(), "ascolto-notify", "a secret", lambda: issuer.now)

    with pytest.raises(Unavailable):
        await service.token()
    assert await service.token() == "later"


async def test_a_token_that_is_refused_is_replaced_once() -> None:
    issuer = MemoryIssuer(tokens=[given_token("withdrawn"), given_token("good")])
    service = ServiceToken(issuer.seen_by_a_service(), "ascolto-notify", "a secret", lambda: issuer.now)
    shown: list[str] = []

    def door(request: httpx.Request) -> httpx.Response:
        shown.append(request.headers["authorization"])
        return httpx.Response(200 if shown[-1] == "Bearer good" else 401)

    async with httpx.AsyncClient(transport=httpx.MockTransport(door), auth=service) as client:
        assert (await client.get("http://intake.example/")).status_code == 200

    assert shown == ["Bearer withdrawn", "Bearer good"]


def test_a_secrets_file_that_is_missing_or_empty_is_named(tmp_path: Any) -> None:
    (tmp_path / "empty").write_text("\n")
    for name in ("missing", "empty"):
        with pytest.raises(Misuse, match=name):
            read_secret(tmp_path / name)


def test_the_issuers_name_is_in_its_tokens() -> None:
    head, body, _ = MemoryIssuer().token().split(".")

    assert json.loads(_decoded(body))["iss"] == NAME
    assert json.loads(_decoded(head))["typ"] == "at+jwt"
