"""The ways to a printer or the system as one attribute: ``printer-xri-supported``, ``system-xri-supported`` (PWG 5100.22 §7.1 and §7.2)."""

from __future__ import annotations

from tympan.ipp import Attribute


def xri(name: str, uris: Attribute, authentications: Attribute, securities: Attribute) -> Attribute:
    """Join ``printer-uri-supported``, ``uri-authentication-supported`` and ``uri-security-supported`` into attribute `name`."""
    ways = zip(uris.strings(), authentications.strings(), securities.strings(), strict=True)
    return Attribute.collection(
        name,
        *(
            [
                Attribute.keyword("xri-authentication", authentication),
                Attribute.keyword("xri-security", security),
                Attribute.uri("xri-uri", uri),
            ]
            for uri, authentication, security in ways
        ),
    )
