"""The keys that sign tokens: files in a folder, and a link to the one that signs now.

Every key in the folder verifies, so a key can be published before it signs and verify after it
has stopped. A change of the folder is noticed at once; nothing has to be started again.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from django.conf import settings
from jwt.algorithms import RSAAlgorithm

SIGNING = "signing"


class NoSigningKey(Exception):
    """The folder has no key that signs: `manage.py token_keys new` makes the first one."""


class InUse(Exception):
    """The key that signs cannot be removed."""


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys, loaded: loading one anew for each signature takes a hundred times as long."""

    signing: str
    private: RSAPrivateKey
    public: dict[str, RSAPublicKey]

    @property
    def published(self) -> dict[str, Any]:
        """As a JSON Web Key Set: public parts only."""
        return {
            "keys": [
                {
                    "kty": "RSA",
                    "use": "sig",
                    "alg": "RS256",
                    "kid": kid,
                    **{part: _jwk(key)[part] for part in ("n", "e")},
                }
                for kid, key in sorted(self.public.items())
            ]
        }


def _jwk(key: RSAPublicKey) -> dict[str, str]:
    jwk: dict[str, str] = json.loads(RSAAlgorithm.to_jwk(key))
    return jwk


def load() -> Keys:
    """The keys as the folder is now. Raises NoSigningKey.

    On a machine of one's own the first key makes itself.
    """
    folder: Path = settings.TOKEN_KEYS
    if settings.LOCAL and not (folder / SIGNING).exists():
        _begin(folder)
    try:
        changed = (folder / SIGNING).lstat().st_mtime_ns, folder.stat().st_mtime_ns
    except OSError:
        raise NoSigningKey(f"{folder} has no signing key") from None
    return _load(folder, changed)


@lru_cache(maxsize=4)
def _load(folder: Path, changed: tuple[int, int]) -> Keys:
    private = {path.stem: _read(path) for path in folder.glob("*.pem")}
    signing = (folder / SIGNING).readlink().stem
    if signing not in private:
        raise NoSigningKey(f"{folder} has no key {signing}")
    return Keys(
        signing=signing,
        private=private[signing],
        public={kid: key.public_key() for kid, key in private.items()},
    )


def _read(path: Path) -> RSAPrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, RSAPrivateKey)
    return key


def create() -> str:
    """A new key in the folder, which verifies but does not sign yet; its id."""
    folder: Path = settings.TOKEN_KEYS
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    kid = hashlib.sha256(public).hexdigest()[:16]
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # Complete before anybody can see it.
    unfinished = folder / f"{kid}.{uuid.uuid4().hex}"
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(private)
    unfinished.replace(folder / f"{kid}.pem")
    return kid


def sign_with(kid: str) -> None:
    """From now on this key signs. Raises FileNotFoundError."""
    folder: Path = settings.TOKEN_KEYS
    (folder / f"{kid}.pem").stat()
    link = folder / f"{SIGNING}.{uuid.uuid4().hex}"
    link.symlink_to(f"{kid}.pem")
    link.replace(folder / SIGNING)


def remove(kid: str) -> None:
    """What this key signed is not believed any more. Raises InUse or FileNotFoundError."""
    folder: Path = settings.TOKEN_KEYS
    if load().signing == kid:
        raise InUse(kid)
    (folder / f"{kid}.pem").unlink()


def _begin(folder: Path) -> None:
    """The first key. Of processes that start at the same time one wins."""
    kid = create()
    try:
        (folder / SIGNING).symlink_to(f"{kid}.pem")
    except FileExistsError:
        (folder / f"{kid}.pem").unlink()
