"""`python -m tests.bench.server URL KEY_FILE PROCESSES...`: the server, with an empty call.

The very server of `jichipoint-server serve`; only GetOperation answers nothing, behind the
same session check, decoding and encoding as every method: what a call costs by itself.
"""

import sys

from jichipoint.v1 import operations_pb2

from server.cli import main
from server.operations.servicer import OperationServicer
from server.rpc.access import EVERY_TERMINAL, Whose, open_to
from server.rpc.calls import Call

EMPTY = operations_pb2.GetOperationResponse()


@open_to(EVERY_TERMINAL, Whose.NOBODY)
async def empty(
    self: OperationServicer, request: operations_pb2.GetOperationRequest, call: Call
) -> operations_pb2.GetOperationResponse:
    return EMPTY


if __name__ == "__main__":
    OperationServicer.GetOperation = empty  # type: ignore[method-assign]
    main(sys.argv[1:])
