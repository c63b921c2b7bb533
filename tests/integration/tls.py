"""Authorities and certificates for this machine, made by openssl."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority of its own, which signs."""

    folder: Path
    name: str

    @property
    def certificate(self) -> Path:
        return self.folder / f"{self.name}.pem"

    @property
    def key(self) -> Path:
        return self.folder / f"{self.name}.key"

    def sign(self, name: str, *, days: int = 2, begin: str = "") -> tuple[Path, Path]:
        """Return certificate and key for 127.0.0.1."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request = self.folder / f"{name}.csr"
        _openssl("req", "-new", *_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        names = self.folder / f"{name}.ext"
        names.write_text("subjectAltName=IP:127.0.0.1\n")
        line = ["x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key]
        line += ["-CAcreateserial", "-extfile", names, "-out", certificate]
        _openssl(*line, *(("-not_before", begin) if begin else ()), "-days", days)
        key.chmod(0o600)
        return certificate, key


_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def new_authority(folder: Path, name: str = "authority") -> Authority:
    """Make an authority."""
    made = Authority(folder, name)
    line = ("req", "-x509", *_KEY, "-days", 2, "-subj", f"/CN={name}")
    _openssl(*line, "-keyout", made.key, "-out", made.certificate)
    return made


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
