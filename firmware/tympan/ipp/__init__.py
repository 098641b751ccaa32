"""The IPP codec: RFC 8010 in both directions, and the registry of what IPP's numbers and names mean. Sans-IO.

Octets in, objects out, and back. It never does input or output, has no clock, logs nothing, and knows nothing of
printers and jobs: it says what a message holds and where it breaks the rules of encoding; the service decides.

* `decode`, `MessageReader` with `Limits`: octets to a `Message`; `IppDecodeError` says where and what to answer.
* `encode`, `encode_attribute`, `join_message`: a `Message`, or its parts, to octets.
* `Message`, `AttributeGroup`, `Attribute`, `Value`, `Collection`: what a message is made of.
* `Operation`, `StatusCode`, `GroupTag`, `ValueTag`: the registered numbers, each with its keyword.
* `tympan.ipp.enums`: the enums of single attributes. `tympan.ipp.registry`: attribute names and their syntaxes.
"""

from tympan.ipp.attribute import Attribute, Collection, Value, ValueData
from tympan.ipp.decoder import Limits, decode
from tympan.ipp.encoder import encode, encode_attribute, encode_group, encode_header, join_message
from tympan.ipp.errors import IppDecodeError, IppEncodeError, IppError, IppTruncatedError
from tympan.ipp.message import AttributeGroup, Message
from tympan.ipp.operations import Operation
from tympan.ipp.reader import MessageReader
from tympan.ipp.status import StatusCode
from tympan.ipp.tags import GroupTag, ValueTag
from tympan.ipp.values import MalformedValue, RangeOfInteger, Resolution, ResolutionUnits, StringWithLanguage

__all__ = [
    "Attribute",
    "AttributeGroup",
    "Collection",
    "GroupTag",
    "IppDecodeError",
    "IppEncodeError",
    "IppError",
    "IppTruncatedError",
    "Limits",
    "MalformedValue",
    "Message",
    "MessageReader",
    "Operation",
    "RangeOfInteger",
    "Resolution",
    "ResolutionUnits",
    "StatusCode",
    "StringWithLanguage",
    "Value",
    "ValueData",
    "ValueTag",
    "decode",
    "encode",
    "encode_attribute",
    "encode_group",
    "encode_header",
    "join_message",
]
