"""Places on the earth by geo URIs (RFC 5870), and how far they lie apart."""

from __future__ import annotations

import math
import re
from typing import Final

NEAR_M: Final = 100.0
"""How far apart two places may be to be one, where the URI gives no uncertainty."""

_EARTH_RADIUS_M: Final = 6_371_008.8
_GEO = re.compile(r"geo:(-?[\d.]+),(-?[\d.]+)(?:,-?[\d.]+)?((?:;[^;]*)*)")
_UNCERTAINTY = re.compile(r";u=([\d.]+)")


def near(place: str, other: str) -> bool:
    """Whether `other` lies within the uncertainty of `place`; False where one is no geo URI."""
    first, second = _GEO.fullmatch(place), _GEO.fullmatch(other)
    if first is None or second is None:
        return False
    uncertainty = _UNCERTAINTY.search(first[3])
    try:
        distance = _distance_m(*(float(each) for match in (first, second) for each in match.groups()[:2]))
        return distance <= (float(uncertainty[1]) if uncertainty else NEAR_M)
    except ValueError:
        return False


def _distance_m(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Along the surface of a sphere: right to half a percent."""
    a, b = math.radians(latitude), math.radians(other_latitude)
    across = math.radians(other_longitude - longitude)
    haversine = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(across / 2) ** 2
    return 2 * _EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, haversine)))
