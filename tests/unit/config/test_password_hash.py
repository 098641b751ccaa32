"""Password hashes: those of RFC 7914's test vectors, ours, and what is none."""

from __future__ import annotations

import base64

import pytest

from tympan.config.password_hash import hash_password, is_password, problem_of_hash


def phc(log_n, r, p, salt, digest):
    def text(data):
        return base64.b64encode(data).decode().rstrip("=")

    return f"$scrypt$ln={log_n},r={r},p={p}${text(salt)}${text(digest)}"


# RFC 7914 §12, the third and, because the second has a salt that is shorter than we take, no other.
SODIUM = bytes.fromhex(
    "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
    "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
)


def test_the_vector_of_rfc_7914():
    password_hash = phc(14, 8, 1, b"SodiumChloride", SODIUM)
    assert is_password("pleaseletmein", password_hash)
    assert not is_password("pleaseletmeout", password_hash)


def test_a_new_hash_is_of_its_password_and_of_no_other():
    made = hash_password("häuser: 7")
    assert problem_of_hash(made) is None
    assert is_password("häuser: 7", made)
    assert not is_password("häuser: 8", made)
    assert not is_password("", made)
    assert made != hash_password("häuser: 7")


def test_a_password_that_is_too_long_is_wrong():
    assert not is_password("x" * 5000, hash_password("x" * 5000))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        "$scrypt$ln=14,r=8,p=1$abc",
        "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub",
        phc(14, 8, 1, b"SodiumChloride", SODIUM) + "\n",
        phc(9, 8, 1, b"SodiumChloride", SODIUM),  # nothing to crack
        phc(20, 8, 1, b"SodiumChloride", SODIUM),  # 1 GB
        phc(14, 0, 1, b"SodiumChloride", SODIUM),
        phc(14, 8, 1, b"SodiumChloride", b"short"),
    ],
)
def test_what_is_no_hash(text):
    assert problem_of_hash(text)
    with pytest.raises(ValueError, match=r".+"):
        is_password("x", text)
