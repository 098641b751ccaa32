"""``[limits]``."""

from __future__ import annotations

from dataclasses import dataclass

from tympan.config.option import option

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


@dataclass(frozen=True)
class LimitSettings:
    """``[limits]``: what the service accepts, keeps and waits for. The defaults suit a Raspberry Pi with 512 MB."""

    max_connections: int = option(
        "Connections open at the same time; one more takes the place of the one that has been idle longest, or is refused.",
        default=512,
        minimum=1,
        maximum=65536,
    )
    max_connections_per_address: int = option(
        "Connections that one address (of IPv6 one /64) may have open at the same time.",
        default=100,
        minimum=1,
        maximum=65536,
    )
    max_request_header_bytes: int = option(
        "Longest HTTP request line, and longest header field.",
        default=8 * KIB,
        minimum=1 * KIB,
        maximum=64 * KIB,
    )
    max_ipp_bytes: int = option(
        "Longest IPP message of a request, without the document behind it.",
        default=1 * MIB,
        minimum=4 * KIB,
        maximum=16 * MIB,
    )
    max_attributes: int = option(
        "Most attributes and values in an IPP message.", default=10_000, minimum=100, maximum=1_000_000
    )
    max_document_bytes: int = option(
        "Longest document, as it is after decompression.",
        default=1 * GIB,
        minimum=64 * KIB,
        maximum=1024 * GIB,
    )
    max_decompression_ratio: int = option(
        "How many times longer a gzip or deflate document may become.",
        default=200,
        minimum=2,
        maximum=100_000,
    )
    max_documents_per_job: int = option("Most documents in a job.", default=100, minimum=1, maximum=10_000)
    max_copies: int = option("Most copies of a job.", default=999, minimum=1, maximum=100_000)
    max_jobs: int = option(
        "Most jobs waiting and printing, all printers together; one more is refused with `server-error-busy`.",
        default=20_000,
        minimum=1,
        maximum=1_000_000,
    )
    history_jobs: int = option(
        "Finished jobs to remember; the oldest go first.",
        default=500,
        minimum=0,
        maximum=1_000_000,
    )
    retain_s: int = option(
        "How long the documents of finished jobs are kept for printing them again, where a job does not say itself "
        "(`job-retain-until`). They go sooner when the spool needs the room.",
        default=300,
        minimum=0,
        maximum=31_536_000,
    )
    spool_bytes: int = option(
        "Disk space for documents of waiting jobs, all together.",
        default=2 * GIB,
        minimum=1 * MIB,
        maximum=1024 * GIB,
    )
    spool_reserve_bytes: int = option(
        "Disk space to leave free; below it new documents are refused.",
        default=64 * MIB,
        minimum=0,
        maximum=1024 * GIB,
    )
    request_header_timeout_s: int = option(
        "Time for a TLS handshake, a request's HTTP header and its IPP message to arrive.",
        default=30,
        minimum=1,
        maximum=3600,
    )
    request_body_idle_timeout_s: int = option(
        "Time an upload may stand still before it counts as broken off.",
        default=90,
        minimum=1,
        maximum=86_400,
    )
    min_upload_bytes_per_s: int = option(
        "An upload that is slower for longer than `request_body_idle_timeout_s` counts as broken off; time in which we make it wait "
        "does not count.",
        default=64,
        minimum=0,
        maximum=1 * GIB,
    )
    keepalive_timeout_s: int = option(
        "Time an idle connection is kept.", default=60, minimum=1, maximum=86_400
    )
    multiple_operation_timeout_s: int = option(
        "`multiple-operation-time-out`: time a job waits for its next document, RFC 8011 §5.4.31.",
        default=120,
        minimum=15,
        maximum=86_400,
    )
    max_wrong_passwords_per_address: int = option(
        "Wrong passwords that may come from one address (of IPv6 one /64) in a window of time; then none is tried for a while.",
        default=10,
        minimum=1,
        maximum=100_000,
    )
    max_wrong_passwords_per_user: int = option(
        "Wrong passwords that may come for one user from anywhere in a window of time.",
        default=50,
        minimum=1,
        maximum=100_000,
    )
    wrong_password_window_s: int = option("That window of time.", default=300, minimum=1, maximum=86_400)
    shutdown_timeout_s: int = option(
        "Time that running answers and uploads get when the service is told to stop.",
        default=5,
        minimum=0,
        maximum=600,
    )
