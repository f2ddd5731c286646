"""The writers of `explainer.files` under the names that this package gives them."""

from explainer.files import (
    PART,
    Appender,
    FileLock,
    left_parts,
    new_token,
    remove_stale,
    remove_stale_of,
    token_of,
    write_all,
    write_whole,
)

TargetLock = FileLock
replace_file = write_whole

__all__ = [
    "PART", "Appender", "TargetLock", "left_parts", "new_token", "remove_stale", "remove_stale_of", "replace_file",
    "token_of", "write_all",
]  # fmt: skip
