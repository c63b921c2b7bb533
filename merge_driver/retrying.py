"""Puts files that went to quarantine back into the spool folder, to be judged again."""

from collections.abc import Sequence

from merge_driver.errors import DriverError
from merge_driver.files import shown
from merge_driver.spool import Outcome, Spool


def put_back(spool: Spool, names: Sequence[str]) -> list[str]:
    """Put files back, all where none is named, and return the names they have now.

    A name is that in the quarantine folder. Nothing is put back where one of them cannot be; then
    DriverError is raised.
    """
    spool.prepare()
    found = {path.name: (name, path) for name, path in spool.settled(Outcome.QUARANTINE)}
    if missing := [name for name in names if name not in found]:
        raise DriverError(f"{shown(missing[0])}: there is no such file in quarantine")
    chosen = [found[name] for name in sorted(names or found)]
    targets = [name for name, _ in chosen]
    present = set(spool.names())
    for name in targets:
        if name in present or targets.count(name) > 1:
            raise DriverError(
                f"{shown(name)}: there is more than one file of this name; name one, and run first"
            )
    for name, path in chosen:
        spool.put_back(path, name)
    return targets
