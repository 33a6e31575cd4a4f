"""What a token must be, and every way in which it may pretend."""

from __future__ import annotations

import base64
import json
import random
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError

from accounts import keys, tokens
from accounts.models import TokenFamily, User
from tests.api.conftest import Api

pytestmark = pytest.mark.django_db

OTHER = generate_private_key(public_exponent=65537, key_size=2048)


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def signed(claims: dict[str, Any], *, key: Any = None, **headers: Any) -> str:
    loaded = keys.load()
    return jwt.encode(
        claims, key or loaded.private, "RS256", headers={"kid": loaded.signing, **headers}
    )


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forgeries(token: str, refresh: str) -> Iterator[tuple[str, str]]:
    claims = claims_of(token)
    header, payload, signature = token.split(".")
    kid = keys.load().signing
    public = (
        keys.load()
        .public[kid]
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    yield "alg none", f"{segment({'alg': 'none', 'typ': 'JWT', 'kid': kid})}.{payload}."
    hmac_header = segment({"alg": "HS256", "typ": "JWT", "kid": kid})
    import hashlib
    import hmac

    mac = hmac.new(public, f"{hmac_header}.{payload}".encode(), hashlib.sha256).digest()
    mac_text = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
    yield "HS256 with the public key", f"{hmac_header}.{payload}.{mac_text}"
    yield "unknown kid", signed(claims, kid="0123456789abcdef")
    yield "our kid, another key", signed(claims, key=OTHER)
    yield "kid as a path", signed(claims, kid="../../../dev/null")
    own = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(OTHER.public_key()))
    yield "a key of its own", signed(claims, key=OTHER, jwk=own, kid="of-its-own")
    yield "another audience", signed({**claims, "aud": "somebody-else"})
    yield "another issuer", signed({**claims, "iss": "https://evil.example"})
    yield "expired", signed({**claims, "exp": 1})
    yield "without expiry", signed({k: v for k, v in claims.items() if k != "exp"})
    changed = segment({**claims, "sub": str(uuid.uuid4())})
    yield "another person", f"{header}.{changed}.{signature}"
    yield "cut", token[:-20]
    yield "without kid", jwt.encode(claims, keys.load().private, "RS256")
    yield "a refresh token", refresh
    yield "somebody else's family", signed({**claims, "sid": str(uuid.uuid4())})
    yield "our family, another person", signed({**claims, "sub": str(uuid.uuid4())})
    yield "padded", token + "="
    yield "with a space inside", header + "." + payload + "." + signature[:10] + "%20"


def test_a_token_says_what_it_should(api: Api, owner: User) -> None:
    assert api.pair
    claims = claims_of(api.pair.access)

    assert claims.keys() == {
        "sub", "sid", "is_admin", "jti", "iss", "aud", "iat", "exp", "token_type",
    }  # fmt: skip
    assert claims["sub"] == str(owner.pk)
    assert claims["exp"] - claims["iat"] == 15 * 60
    refresh = claims_of(api.pair.refresh)
    assert abs(refresh["exp"] - refresh["iat"] - 7 * 24 * 60 * 60) <= 1
    assert jwt.get_unverified_header(api.pair.access)["alg"] == "RS256"


def test_no_forged_token_is_accepted(api: Api) -> None:
    assert api.pair
    accepted = []
    tried = 0

    for name, forged in forgeries(api.pair.access, api.pair.refresh):
        tried += 1
        answer = api.get("auth/me", Authorization=f"Bearer {forged}")
        if answer.status_code != 401:
            accepted.append((name, answer.status_code))

    assert accepted == []
    assert tried >= 13
    assert api.get("auth/me").status_code == 200


def mutated(token: str, count: int, seed: int = 1) -> Iterator[str]:
    """Tokens that differ in one place from a good one, or in several."""
    chance = random.Random(seed)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/%~ \x00é"
    while count:
        text = list(token)
        for _ in range(chance.choice((1, 1, 1, 2, 5))):
            place = chance.randrange(len(text))
            match chance.randrange(4):
                case 0:
                    text[place] = chance.choice(letters)
                case 1:
                    del text[place]
                case 2:
                    text.insert(place, chance.choice(letters))
                case _:
                    other = chance.randrange(len(text))
                    text[place], text[other] = text[other], text[place]
        if (candidate := "".join(text)) != token:
            count -= 1
            yield candidate


def test_no_mutated_token_is_accepted(api: Api) -> None:
    assert api.pair
    accepted = []
    last = api.pair.access[-1]
    ends = [api.pair.access[:-1] + letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij"]

    for candidate in [*mutated(api.pair.access, 10_000), *(e for e in ends if e[-1] != last)]:
        try:
            tokens.AccessToken(candidate)  # type: ignore[arg-type]  # simplejwt means bytes or text
        except TokenError:
            continue
        accepted.append(candidate)

    assert accepted == []


# --- renewing ------------------------------------------------------------------------------------


def test_a_refresh_token_is_good_once(api: Api) -> None:
    assert api.pair
    renewed = api.post("auth/refresh", {"refresh": api.pair.refresh})
    again = api.post("auth/refresh", {"refresh": api.pair.refresh})

    assert renewed.status_code == 200
    assert (again.status_code, again.json()["code"]) == (409, "refresh_superseded")
    # Two tabs of one browser: the winner's tokens go on.
    next_one = api.post("auth/refresh", {"refresh": renewed.json()["refresh"]})
    assert next_one.status_code == 200


def test_a_used_refresh_token_that_comes_back_later_ends_the_family(api: Api) -> None:
    assert api.pair
    renewed = api.post("auth/refresh", {"refresh": api.pair.refresh}).json()
    TokenFamily.objects.update(rotated_at=timezone.now() - timedelta(seconds=11))

    stolen = api.post("auth/refresh", {"refresh": api.pair.refresh})

    assert stolen.status_code == 401
    assert api.family.end_reason == TokenFamily.End.REUSE
    assert api.post("auth/refresh", {"refresh": renewed["refresh"]}).status_code == 401
    bearer = f"Bearer {renewed['access']}"
    assert api.get("auth/me", Authorization=bearer).status_code == 401


def test_a_token_two_generations_old_ends_the_family_at_once(api: Api) -> None:
    assert api.pair
    first = api.post("auth/refresh", {"refresh": api.pair.refresh}).json()
    api.post("auth/refresh", {"refresh": first["refresh"]})

    assert api.post("auth/refresh", {"refresh": api.pair.refresh}).status_code == 401
    assert api.family.end_reason == TokenFamily.End.REUSE


def race(owner: User, runners: int) -> list[str]:
    """So many use one refresh token at once; what became of each."""
    pair = tokens.begin(owner, second_factor=False, device="", at=timezone.now())
    outcomes: list[str] = []
    start = threading.Barrier(runners)

    def run() -> None:
        start.wait()
        try:
            tokens.rotate(pair.refresh, at=timezone.now())
            outcomes.append("renewed")
        except (tokens.Superseded, tokens.Refused) as error:
            outcomes.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(runners)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.django_db(transaction=True)
def test_of_twenty_at_once_one_wins(owner: User) -> None:
    for _ in range(3):
        outcomes = race(owner, 20)
        assert len(outcomes) == 20
        assert outcomes.count("renewed") == 1


def test_no_token_is_stored(api: Api) -> None:
    assert api.pair
    row = TokenFamily.objects.values().get()

    for token in (api.pair.access, api.pair.refresh):
        assert all(part not in str(row) for part in token.split("."))


# --- keys ----------------------------------------------------------------------------------------


def test_keys_are_changed_without_a_token_lost(api: Api, anonymous: Api, owner: User) -> None:
    def command(*args: str) -> list[str]:
        output = StringIO()
        call_command("token_keys", *args, stdout=output)
        return output.getvalue().split("\n")

    old = keys.load().signing
    command("new")
    new = next(kid for kid in keys.load().public if kid != old)
    published = anonymous.get("auth/jwks.json").json()["keys"]
    assert {key["kid"] for key in published} == {old, new}
    assert all(key.keys() == {"kty", "use", "alg", "kid", "n", "e"} for key in published)
    assert jwt.get_unverified_header(Api(owner).pair.access)["kid"] == old  # type: ignore[union-attr]

    assert f"* {new}" in command("sign", new)
    later = Api(owner)
    assert jwt.get_unverified_header(later.pair.access)["kid"] == new  # type: ignore[union-attr]
    assert api.get("auth/me").status_code == 200
    with pytest.raises(CommandError, match="another key"):
        command("remove", new)

    command("remove", old)
    assert api.get("auth/me").status_code == 401
    assert later.get("auth/me").status_code == 200
    with pytest.raises(CommandError, match="no key"):
        command("sign", old)
