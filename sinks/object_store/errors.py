"""What an error of a store means to the runtime: the one place where obstore's errors are translated."""

import errno
import re

from obstore.exceptions import BaseError

from router.api import ConnectorError, Reason

STORE_ERRORS = (BaseError, OSError)
"""What obstore raises: its own errors, and Python's for what is missing or denied."""

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z0-9]{1,64})</Code>")
_OS_ERROR = re.compile(r"\(os error (\d+)\)")
_TIMEOUT = re.compile(r"kind: Timeout|TimedOut|operation timed out")

_CREDENTIAL_CODES = (
    "AuthenticationFailed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidSecurity",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "XAdminUserNotFound",
)
_BY_CODE = {
    **dict.fromkeys(_CREDENTIAL_CODES, Reason.CREDENTIAL_REFUSED),
    **dict.fromkeys(("NoSuchBucket", "ContainerNotFound"), Reason.TARGET_MISSING),
    **dict.fromkeys(("SlowDown", "ServerBusy", "Throttling", "TooManyRequests"), Reason.RATE_LIMITED),
    **dict.fromkeys(("RequestTimeout", "OperationTimedOut"), Reason.TARGET_TIMEOUT),
    **dict.fromkeys(("AccessDenied", "AuthorizationPermissionMismatch"), Reason.PERMISSION_DENIED),
    **dict.fromkeys(("ConditionalRequestConflict", "OperationAborted"), Reason.TARGET_BUSY),
    "NotImplemented": Reason.CONFIG_INVALID,
}
_BY_STATUS = {
    "401": Reason.CREDENTIAL_REFUSED,
    "403": Reason.PERMISSION_DENIED,
    "404": Reason.TARGET_MISSING,
    "408": Reason.TARGET_TIMEOUT,
    "409": Reason.TARGET_BUSY,
    "429": Reason.RATE_LIMITED,
    "501": Reason.CONFIG_INVALID,
}
_BY_CLASS = {"3": Reason.TARGET_REDIRECTED, "4": Reason.CONFIG_INVALID, "5": Reason.TARGET_5XX}
_BY_ERRNO = {
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), Reason.PERMISSION_DENIED),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), Reason.TARGET_BUSY),
}
_FIXES = {
    Reason.CREDENTIAL_REFUSED: "Check the credentials, and this machine's clock.",
    Reason.PERMISSION_DENIED: "Grant reading, writing, listing and deleting of objects below the url.",
    Reason.TARGET_MISSING: "Create the bucket, container or directory of the url; the sink does not.",
    Reason.TARGET_UNREACHABLE: "Check `url`, `region` and `endpoint`, and that the store runs.",
    Reason.TARGET_REDIRECTED: "Check `region`: the bucket seems to be in another one.",
    Reason.TARGET_BUSY: "See whether the disk is full; otherwise the sink goes on by itself.",
    Reason.CONFIG_INVALID: "Check `region`, and that the store knows conditional writes (If-None-Match).",
}
_REFUSED = frozenset(
    {
        Reason.CONFIG_INVALID,
        Reason.CREDENTIAL_REFUSED,
        Reason.PERMISSION_DENIED,
        Reason.RATE_LIMITED,
        Reason.SECRET_NOT_FOUND,
        Reason.SECRET_UNAVAILABLE,
        Reason.SECRET_UNUSABLE,
        Reason.TARGET_MISSING,
        Reason.TARGET_REDIRECTED,
    }
)


def translate(error: BaseException, doing: str) -> ConnectorError:
    """The error in the runtime's words. doing: such as `listing`.

    Without the store's own text, which repeats keys and what was signed.
    """
    text = str(error)
    reason, said = _reason(error, text)
    return ConnectorError(reason, f"The object store failed at {doing}: {said}.", fix=_FIXES.get(reason))


def is_uncertain(error: ConnectorError) -> bool:
    """Whether what was asked for may have happened nevertheless, or may happen yet."""
    return error.reason not in _REFUSED


def _reason(error: BaseException, text: str) -> tuple[Reason, str]:
    status, code = _STATUS.search(text), _CODE.search(text)
    if status is not None:
        said = f"HTTP {status[1]} {code[1]}" if code else f"HTTP {status[1]}"
        found = (_BY_CODE.get(code[1]) if code else None) or _BY_STATUS.get(status[1])
        return found or _BY_CLASS.get(status[1][0], Reason.TARGET_UNREACHABLE), said
    number = getattr(error, "errno", None) or int((_OS_ERROR.search(text) or ("", "0"))[1])
    if number and "HTTP error" not in text:
        return _BY_ERRNO.get(number, Reason.TARGET_UNREACHABLE), errno.errorcode.get(number, f"error {number}")
    if isinstance(error, FileNotFoundError):
        return Reason.TARGET_MISSING, "not found"
    if isinstance(error, TimeoutError) or _TIMEOUT.search(text):
        return Reason.TARGET_TIMEOUT, "no answer in time"
    return Reason.TARGET_UNREACHABLE, "no connection"
