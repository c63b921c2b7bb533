"""The server's StreetService; the only module that needs jichipoint[merge-acknowledge]."""

from codecs import BOM_UTF8
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import grpc
from jichipoint.v1 import streets_pb2 as pb
from jichipoint.v1 import streets_pb2_grpc

from merge_driver.acknowledging import AcknowledgeError
from merge_driver.errors import DriverError
from merge_driver.keys import KeyFile
from merge_driver.record import TakenRecord
from merge_driver.settings import ClientIdentity

_SIGN_IN_SECONDS: Final = 10.0
_ACKNOWLEDGE_SECONDS: Final = 30.0
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


class StreetService:
    """Signs in as the issuer's system and acknowledges. To be used with `closing`."""

    def __init__(
        self,
        file: KeyFile,
        server: str,
        certificate_authority: Path | None,
        identity: ClientIdentity | None = None,
    ) -> None:
        """Raise DriverError where a certificate's file cannot be read."""
        self._issuer_id = file.key.issuer_id
        self._server = server
        self._client_secret = file.client_secret
        self._channel = _channel(server, certificate_authority, identity)
        self._service = streets_pb2_grpc.StreetServiceStub(self._channel)
        self._token = ""

    def acknowledge(self, records: Sequence[TakenRecord]) -> list[tuple[str, str]]:
        """Say what was taken; return what is answered about each. Raises AcknowledgeError."""
        request = pb.AcknowledgeMergesRequest(
            merges=[
                pb.AcknowledgeMergesRequest.Merge(
                    transaction_number=record.transaction_number, points=record.points
                )
                for record in records
            ]
        )
        try:
            response = self._signed_in(request)
        except grpc.RpcError as error:
            raise AcknowledgeError(f"{self._server}: {_text(error)}") from None
        return [(one.transaction_number, _result(one.result)) for one in response.answers]

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def _signed_in(self, request: pb.AcknowledgeMergesRequest) -> pb.AcknowledgeMergesResponse:
        """Send the request in a session; in a new one where there is none or it has ended."""
        if self._token:
            try:
                return self._acknowledge(request)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAUTHENTICATED:
                    raise
        answer = self._service.StreetSignIn(
            pb.StreetSignInRequest(issuer_id=self._issuer_id, client_secret=self._client_secret),
            timeout=_SIGN_IN_SECONDS,
        )
        self._token = answer.session_token
        return self._acknowledge(request)

    def _acknowledge(self, request: pb.AcknowledgeMergesRequest) -> pb.AcknowledgeMergesResponse:
        return self._service.AcknowledgeMerges(
            request,
            timeout=_ACKNOWLEDGE_SECONDS,
            metadata=(("authorization", f"Bearer {self._token}"),),
        )


def _result(result: pb.AcknowledgementResult.ValueType) -> str:
    return pb.AcknowledgementResult.Name(result).removeprefix("ACKNOWLEDGEMENT_RESULT_")


def _channel(server: str, authority: Path | None, identity: ClientIdentity | None) -> grpc.Channel:
    """Return a channel: with TLS, but to this machine itself without (SEC-1)."""
    options = [("grpc.enable_http_proxy", 0)]
    if server.rpartition(":")[0] in _LOOPBACK and authority is None and identity is None:
        return grpc.insecure_channel(server, options=options)
    own = (identity.key, identity.certificate) if identity is not None else ()
    credentials = grpc.ssl_channel_credentials(*map(_content, (authority, *own)))
    return grpc.secure_channel(server, credentials, options=options)


def _content(path: Path | None) -> bytes | None:
    try:
        return path.read_bytes().removeprefix(BOM_UTF8) if path is not None else None
    except OSError as error:
        raise DriverError(f"{path}: cannot be read: {error.strerror}") from None


def _text(error: grpc.RpcError) -> str:
    return f"{error.details()} ({error.code().name})"
