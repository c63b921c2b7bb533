"""In which order the hosts of a PostgreSQL URL are tried."""

from typing import Any

from psycopg.conninfo import conninfo_to_dict


def hosts_of(url: str) -> list[tuple[str, str]]:
    """Return a URL's hosts with their ports, which may be empty.

    Raises psycopg.ProgrammingError where it cannot be understood.
    """
    found = conninfo_to_dict(url)
    hosts, ports = (str(found.get(name) or "").split(",") for name in ("host", "port"))
    return list(zip(hosts, ports * len(hosts), strict=False))


class Hosts:
    """Begins with the host that was reached last, and ends with it once nothing is reached.

    Of several hosts the one that hangs is most often the primary of before. In front it would
    cost its connect_timeout at every try, the first one with the new primary too (OPS-4).
    """

    def __init__(self) -> None:
        self._order: list[tuple[str, str]] = []
        """Hosts with their ports; empty until a URL with several of them was seen."""
        self._reached: tuple[str, str] | None = None

    def of(self, url: str) -> dict[str, Any]:
        """Return the parameters that override a URL's own hosts; none where it has but one.

        Raises psycopg.ProgrammingError where the URL cannot be understood.
        """
        if not self._order:
            hosts = hosts_of(url)
            if len(hosts) == 1 or "hostaddr" in conninfo_to_dict(url):
                return {}
            self._order = hosts
        return {
            "host": ",".join(host for host, _ in self._order),
            "port": ",".join(port for _, port in self._order),
        }

    def reached(self, host: str, port: int) -> None:
        """Begin with this host from now on."""
        found = [one for one in self._order if one in ((host, str(port)), (host, ""))]
        if found:
            self._reached = found[0]
            self._order = [found[0], *(one for one in self._order if one != found[0])]

    def missed(self) -> None:
        """End with the host that was reached last: no host took the connection."""
        last = self._reached
        if last is not None:
            self._order = [*(one for one in self._order if one != last), last]
