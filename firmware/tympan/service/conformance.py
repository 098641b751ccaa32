"""What the operations that are offered amount to: versions and features of IPP, by tables of what each asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tympan.ipp import Operation

_V1_1 = frozenset(
    {
        Operation.PRINT_JOB,
        Operation.VALIDATE_JOB,
        Operation.CANCEL_JOB,
        Operation.GET_JOB_ATTRIBUTES,
        Operation.GET_JOBS,
        Operation.GET_PRINTER_ATTRIBUTES,
    }
)
_V2_0 = _V1_1 | {Operation.CREATE_JOB, Operation.SEND_DOCUMENT, Operation.CLOSE_JOB}
_V2_1 = _V2_0 | {
    Operation.HOLD_JOB,
    Operation.RELEASE_JOB,
    Operation.RESTART_JOB,
    Operation.PAUSE_PRINTER,
    Operation.RESUME_PRINTER,
    Operation.PURGE_JOBS,
    Operation.SET_PRINTER_ATTRIBUTES,
    Operation.SET_JOB_ATTRIBUTES,
    Operation.GET_PRINTER_SUPPORTED_VALUES,
    Operation.CREATE_PRINTER_SUBSCRIPTIONS,
    Operation.GET_SUBSCRIPTION_ATTRIBUTES,
    Operation.GET_SUBSCRIPTIONS,
    Operation.RENEW_SUBSCRIPTION,
    Operation.CANCEL_SUBSCRIPTION,
    Operation.GET_NOTIFICATIONS,
    Operation.ENABLE_PRINTER,
    Operation.DISABLE_PRINTER,
    Operation.CANCEL_CURRENT_JOB,
    Operation.CANCEL_JOBS,
    Operation.CANCEL_MY_JOBS,
    Operation.RESUBMIT_JOB,
    Operation.GET_USER_PRINTER_ATTRIBUTES,
}
_V2_2 = _V2_1 | {
    Operation.CREATE_JOB_SUBSCRIPTIONS,
    Operation.PAUSE_PRINTER_AFTER_CURRENT_JOB,
    Operation.HOLD_NEW_JOBS,
    Operation.RELEASE_HELD_NEW_JOBS,
    Operation.DEACTIVATE_PRINTER,
    Operation.ACTIVATE_PRINTER,
    Operation.RESTART_PRINTER,
    Operation.SHUTDOWN_PRINTER,
    Operation.STARTUP_PRINTER,
    Operation.REPROCESS_JOB,
    Operation.SUSPEND_CURRENT_JOB,
    Operation.RESUME_JOB,
    Operation.PROMOTE_JOB,
    Operation.SCHEDULE_JOB_AFTER,
    Operation.CANCEL_DOCUMENT,
    Operation.GET_DOCUMENT_ATTRIBUTES,
    Operation.GET_DOCUMENTS,
    Operation.DELETE_DOCUMENT,
    Operation.SET_DOCUMENT_ATTRIBUTES,
}

REQUIRED_OPERATIONS: Mapping[str, frozenset[Operation]] = {
    "1.1": _V1_1,
    "2.0": _V2_0,
    "2.1": _V2_1,
    "2.2": _V2_2,
}
"""Operations that each version requires of a printer: RFC 8011 §5.2.1, PWG 5100.12 §4.1, §5.1 and §6.1."""

REQUIRED_TEMPLATE: Mapping[str, frozenset[str]] = {
    "1.1": frozenset(),
    "2.0": frozenset({"copies", "finishings", "media", "print-quality", "sides"}),
    "2.1": frozenset({"job-hold-until", "job-priority", "job-sheets", "media-col"}),
    "2.2": frozenset({"number-up", "overrides", "page-ranges"}),
}
"""Job template attributes that each version requires besides those of the one before: PWG 5100.12 §5.2, §6.2 and §7.2."""

OLDEST_VERSION = "1.1"

_FEATURES: Mapping[str, frozenset[Operation]] = {
    "ipp-everywhere": _V2_0 | {Operation.CANCEL_MY_JOBS, Operation.IDENTIFY_PRINTER},
    "document-object": frozenset(
        {
            Operation.GET_DOCUMENTS,
            Operation.GET_DOCUMENT_ATTRIBUTES,
            Operation.SET_DOCUMENT_ATTRIBUTES,
            Operation.CANCEL_DOCUMENT,
        }
    ),
    "subscription-object": frozenset(
        {
            Operation.CREATE_PRINTER_SUBSCRIPTIONS,
            Operation.CREATE_JOB_SUBSCRIPTIONS,
            Operation.GET_SUBSCRIPTION_ATTRIBUTES,
            Operation.GET_SUBSCRIPTIONS,
            Operation.RENEW_SUBSCRIPTION,
            Operation.CANCEL_SUBSCRIPTION,
            Operation.GET_NOTIFICATIONS,
        }
    ),
}
"""Features that are made of operations."""

_TEMPLATE_FEATURES: Mapping[str, str] = {"page-overrides": "overrides", "proof-print": "proof-print"}
"""Features that are a job template attribute."""


def versions_supported(operations: Collection[Operation], template: Collection[str]) -> tuple[str, ...]:
    """``ipp-versions-supported``: the versions of which every required operation and attribute is there, 1.1 at least.

    Args:
        operations: What is offered.
        template: The names of the job template attributes that are obeyed.
    """
    offered, obeyed = set(operations), set(template)
    versions = [OLDEST_VERSION]
    for version, needed in REQUIRED_OPERATIONS.items():
        if not (needed <= offered and REQUIRED_TEMPLATE[version] <= obeyed):
            break
        if version != OLDEST_VERSION:
            versions.append(version)
    return tuple(versions)


def features_supported(operations: Collection[Operation], template: Collection[str]) -> tuple[str, ...]:
    """``ipp-features-supported``, or ``none``.

    Args:
        operations: What is offered.
        template: The names of the job template attributes that are obeyed.
    """
    offered = set(operations)
    features = [name for name, needed in _FEATURES.items() if needed <= offered]
    features += [name for name, attribute in _TEMPLATE_FEATURES.items() if attribute in template]
    return tuple(features) or ("none",)
