"""The self-made certificate: what stands in it, when it is made anew; read by OpenSSL and by cryptography's own parser."""

from __future__ import annotations

import ssl
import stat
import subprocess
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from tympan.endpoint import certificate

NAMES = ("shop.local", "shop", "localhost", "192.0.2.7", "2001:db8::7")
NOW = datetime(2026, 6, 1, tzinfo=UTC).timestamp()
YEAR_S = 365 * 86_400
IN_1970 = 3600.0


def parsed(pem):
    return x509.load_pem_x509_certificate(pem)


@pytest.fixture(scope="module")
def made():
    return certificate.self_signed(NAMES, NOW)


def test_every_name_and_address_is_in_it(made):
    names = parsed(made).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["shop.local", "shop", "localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("192.0.2.7"), ip_address("2001:db8::7")]


def test_it_is_for_a_server_and_for_nothing_else(made):
    extensions = parsed(made).extensions
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.SERVER_AUTH
    ]
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    key = parsed(made).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1)


@pytest.mark.parametrize("clock", [0.0, IN_1970, NOW])
def test_it_is_right_when_the_clock_says_1970_and_when_it_is_set(clock):
    read = parsed(certificate.self_signed(NAMES, clock))
    assert read.not_valid_before_utc == datetime(1970, 1, 1, tzinfo=UTC)
    assert (
        read.not_valid_after_utc.timestamp()
        >= max(clock, datetime(2026, 1, 1, tzinfo=UTC).timestamp()) + 9 * YEAR_S
    )


@pytest.mark.parametrize("now", [1.0, NOW])
def test_openssl_believes_it(made, now, tmp_path):
    path = tmp_path / "tls.pem"
    path.write_bytes(made)
    done = subprocess.run(
        ["openssl", "verify", "-CAfile", path, "-attime", str(int(now)), "-purpose", "sslserver",
         "-verify_hostname", "shop.local", path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_server_can_load_it(made, tmp_path):
    path = tmp_path / "tls.pem"
    path.write_bytes(made)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path)


def test_the_facts_at_the_head_are_those_of_the_certificate(made):
    facts = certificate.facts_of(made)
    assert facts == certificate.Facts(frozenset(NAMES), int(parsed(made).not_valid_after_utc.timestamp()))


@pytest.mark.parametrize(
    ("names", "after_s", "serves"),
    [
        (NAMES, 0, True),
        (NAMES[:2], 0, True),  # the network is away for a moment
        ((*NAMES, "192.0.2.8"), 0, False),
        (("till.local",), 0, False),
        (NAMES, certificate.VALID_S - 31 * 86_400, True),
        (NAMES, certificate.VALID_S - 29 * 86_400, False),
        (NAMES, IN_1970 - NOW, True),
    ],
)
def test_when_it_is_made_anew(made, names, after_s, serves):
    facts = certificate.facts_of(made)
    assert facts is not None
    assert facts.serves(names, NOW + after_s) is serves


@pytest.mark.parametrize("data", [b"", b"-----BEGIN CERTIFICATE-----\n", b"# tympan names: a\n"])
def test_what_is_none_of_ours_has_no_facts(data):
    assert certificate.facts_of(data) is None


def test_a_new_one_keeps_the_key(made):
    renewed = certificate.self_signed(("till.local",), NOW, made)
    assert parsed(renewed).public_key() == parsed(made).public_key()
    assert parsed(renewed).serial_number != parsed(made).serial_number


@pytest.mark.parametrize(
    "damage", [lambda pem: pem[: len(pem) // 2], lambda pem: pem.replace(b"M", b"A"), lambda _: b"x"]
)
def test_a_damaged_one_is_replaced(made, damage):
    assert parsed(certificate.self_signed(NAMES, NOW, damage(made))).not_valid_after_utc.timestamp() > NOW


def test_the_program_writes_it_for_the_owner_alone(tmp_path):
    path = tmp_path / "tls.pem"
    assert certificate.main([str(path), "shop.local"]) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = path.read_bytes()
    assert certificate.main([str(path), "till.local"]) == 0
    assert parsed(path.read_bytes()).public_key() == parsed(first).public_key()
    assert [each.name for each in tmp_path.iterdir()] == ["tls.pem"]


def test_where_it_cannot_be_written_the_program_says_so(tmp_path, capsys):
    assert certificate.main([str(tmp_path / "nowhere" / "tls.pem"), "shop.local"]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_a_name_longer_than_a_common_name_may_be():
    long = "-".join(["printer"] * 7) + ".example.local"
    names = parsed(certificate.self_signed((long,), NOW)).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.DNSName) == [long]
