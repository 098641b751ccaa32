"""The enums of single attributes: every ``type1 enum`` and ``type2 enum`` of the IANA registry that lists its values.

Owns the numbers and their keywords; ``operations-supported`` is `tympan.ipp.operations.Operation`. Never says which
values a printer supports.
"""

from __future__ import annotations

from enum import IntEnum, unique


class KeywordEnum(IntEnum):
    """An enum whose values have registered keywords: the member's name in lower case, with hyphens."""

    @property
    def keyword(self) -> str:
        """The registered keyword, such as ``pending-held``."""
        return self.name.lower().replace("_", "-")


@unique
class JobState(KeywordEnum):
    """``job-state``, RFC 8011 §5.3.7."""

    PENDING = 3
    PENDING_HELD = 4
    PROCESSING = 5
    PROCESSING_STOPPED = 6
    CANCELED = 7
    ABORTED = 8
    COMPLETED = 9


@unique
class PrinterState(KeywordEnum):
    """``printer-state``, RFC 8011 §5.4.11."""

    IDLE = 3
    PROCESSING = 4
    STOPPED = 5


@unique
class DocumentState(KeywordEnum):
    """``document-state``, PWG 5100.5 and 5100.18."""

    PENDING = 3
    PROCESSING = 5
    PROCESSING_STOPPED = 6
    CANCELED = 7
    ABORTED = 8
    COMPLETED = 9


@unique
class SystemState(KeywordEnum):
    """``system-state``, PWG 5100.22."""

    IDLE = 3
    PROCESSING = 4
    STOPPED = 5


@unique
class ResourceState(KeywordEnum):
    """``resource-state``, PWG 5100.22."""

    PENDING = 3
    AVAILABLE = 4
    INSTALLED = 5
    CANCELED = 6
    ABORTED = 7


@unique
class OrientationRequested(KeywordEnum):
    """``orientation-requested``, RFC 8011 §5.2.10; 7 from PWG 5100.13."""

    PORTRAIT = 3
    LANDSCAPE = 4
    REVERSE_LANDSCAPE = 5
    REVERSE_PORTRAIT = 6
    NONE = 7


@unique
class PrintQuality(KeywordEnum):
    """``print-quality``, RFC 8011 §5.2.13."""

    DRAFT = 3
    NORMAL = 4
    HIGH = 5


@unique
class Finishings(KeywordEnum):
    """``finishings``, RFC 8011 §5.2.6 and PWG 5100.1; 86 to 89 are Canon's registration."""

    NONE = 3
    STAPLE = 4
    PUNCH = 5
    COVER = 6
    BIND = 7
    SADDLE_STITCH = 8
    EDGE_STITCH = 9
    FOLD = 10
    TRIM = 11
    BALE = 12
    BOOKLET_MAKER = 13
    JOG_OFFSET = 14
    COAT = 15
    LAMINATE = 16
    STAPLE_TOP_LEFT = 20
    STAPLE_BOTTOM_LEFT = 21
    STAPLE_TOP_RIGHT = 22
    STAPLE_BOTTOM_RIGHT = 23
    EDGE_STITCH_LEFT = 24
    EDGE_STITCH_TOP = 25
    EDGE_STITCH_RIGHT = 26
    EDGE_STITCH_BOTTOM = 27
    STAPLE_DUAL_LEFT = 28
    STAPLE_DUAL_TOP = 29
    STAPLE_DUAL_RIGHT = 30
    STAPLE_DUAL_BOTTOM = 31
    STAPLE_TRIPLE_LEFT = 32
    STAPLE_TRIPLE_TOP = 33
    STAPLE_TRIPLE_RIGHT = 34
    STAPLE_TRIPLE_BOTTOM = 35
    BIND_LEFT = 50
    BIND_TOP = 51
    BIND_RIGHT = 52
    BIND_BOTTOM = 53
    TRIM_AFTER_PAGES = 60
    TRIM_AFTER_DOCUMENTS = 61
    TRIM_AFTER_COPIES = 62
    TRIM_AFTER_JOB = 63
    PUNCH_TOP_LEFT = 70
    PUNCH_BOTTOM_LEFT = 71
    PUNCH_TOP_RIGHT = 72
    PUNCH_BOTTOM_RIGHT = 73
    PUNCH_DUAL_LEFT = 74
    PUNCH_DUAL_TOP = 75
    PUNCH_DUAL_RIGHT = 76
    PUNCH_DUAL_BOTTOM = 77
    PUNCH_TRIPLE_LEFT = 78
    PUNCH_TRIPLE_TOP = 79
    PUNCH_TRIPLE_RIGHT = 80
    PUNCH_TRIPLE_BOTTOM = 81
    PUNCH_QUAD_LEFT = 82
    PUNCH_QUAD_TOP = 83
    PUNCH_QUAD_RIGHT = 84
    PUNCH_QUAD_BOTTOM = 85
    PUNCH_MULTIPLE_LEFT = 86
    PUNCH_MULTIPLE_TOP = 87
    PUNCH_MULTIPLE_RIGHT = 88
    PUNCH_MULTIPLE_BOTTOM = 89
    FOLD_ACCORDION = 90
    FOLD_DOUBLE_GATE = 91
    FOLD_GATE = 92
    FOLD_HALF = 93
    FOLD_HALF_Z = 94
    FOLD_LEFT_GATE = 95
    FOLD_LETTER = 96
    FOLD_PARALLEL = 97
    FOLD_POSTER = 98
    FOLD_RIGHT_GATE = 99
    FOLD_Z = 100
    FOLD_ENGINEERING_Z = 101


@unique
class ClientType(KeywordEnum):
    """``client-type``, PWG 5100.7."""

    APPLICATION = 3
    OPERATING_SYSTEM = 4
    DRIVER = 5
    OTHER = 6


@unique
class TransmissionStatus(KeywordEnum):
    """``transmission-status``, PWG 5100.15."""

    PENDING = 3
    PENDING_RETRY = 4
    PROCESSING = 5
    CANCELED = 7
    ABORTED = 8
    COMPLETED = 9


@unique
class PowerState(KeywordEnum):
    """``power-state``, PWG 5100.22."""

    ON = 20
    ON_VENDOR1 = 21
    ON_VENDOR2 = 22
    ON_VENDOR3 = 23
    ON_VENDOR4 = 24
    ON_VENDOR5 = 25
    STANDBY = 30
    STANDBY_VENDOR1 = 31
    STANDBY_VENDOR2 = 32
    STANDBY_VENDOR3 = 33
    STANDBY_VENDOR4 = 34
    STANDBY_VENDOR5 = 35
    SUSPEND = 40
    SUSPEND_VENDOR1 = 41
    SUSPEND_VENDOR2 = 42
    SUSPEND_VENDOR3 = 43
    SUSPEND_VENDOR4 = 44
    SUSPEND_VENDOR5 = 45
    RESET_SOFT = 50
    OFF_HARD = 60
    HIBERNATE = 70
    HIBERNATE_VENDOR1 = 71
    HIBERNATE_VENDOR2 = 72
    HIBERNATE_VENDOR3 = 73
    HIBERNATE_VENDOR4 = 74
    HIBERNATE_VENDOR5 = 75
    OFF_SOFT = 80
    OFF_SOFT_VENDOR1 = 81
    OFF_SOFT_VENDOR2 = 82
    OFF_SOFT_VENDOR3 = 83
    OFF_SOFT_VENDOR4 = 84
    OFF_SOFT_VENDOR5 = 85
    RESET_HARD = 90
    RESET_MBR = 100
    RESET_NMI = 110
    OFF_SOFT_GRACEFUL = 120
    OFF_HARD_GRACEFUL = 130
    RESET_MBR_GRACEFUL = 140
    RESET_SOFT_GRACEFUL = 150
    RESET_HARD_GRACEFUL = 160
    RESET_INIT = 170
    NOT_APPLICABLE = 180
    NO_CHANGE = 190
