"""Prints the number of whoever puts a card into the counter machine's reader, card after card.

    python look_up.py ~/.local/state/jichipoint/agent.json

Ends with exit status 1 where the agent is not there or was started anew.
"""

import argparse
import json
import signal
import sys
from itertools import count
from pathlib import Path

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from jichipoint.v1 import agent_pb2 as pb
from jichipoint.v1 import agent_pb2_grpc

ANSWER_SECONDS = 20.0
AGENT_IS_GONE = ("AGENT_NOT_RUNNING", "TOKEN_WRONG")
"""With these nothing more comes: read agent.json again."""


class Agent:
    """The agent that a file agent.json leads to. Raises OSError where the file is not there."""

    def __init__(self, path: Path) -> None:
        document = json.loads(path.read_text("utf-8"))
        self._metadata = (("authorization", f"Bearer {document['token']}"),)
        # The agent is on this machine: a proxy of the network's is none of its business.
        options = [("grpc.enable_http_proxy", 0)]
        channel = grpc.insecure_channel(document["address"], options=options)
        self._stub = agent_pb2_grpc.CounterAgentServiceStub(channel)

    def wait_for_card(self, after_insertion: int) -> int:
        """Wait, however long, for a card after that insertion. Raises grpc.RpcError."""
        request = pb.WaitForCardRequest(after_insertion=after_insertion)
        return self._stub.WaitForCard(request, metadata=self._metadata).insertion

    def look_up_card(self) -> pb.LookUpCardResponse:
        """Return the number of the holder of the card that is in. Raises grpc.RpcError."""
        return self._stub.LookUpCard(
            pb.LookUpCardRequest(), metadata=self._metadata, timeout=ANSWER_SECONDS
        )


def why(error: grpc.RpcError) -> tuple[str, str]:
    """Return the reason of an error, for programs, and its message, for people."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # the error is the call, too
    info = error_details_pb2.ErrorInfo()
    for detail in status.details if status else ():
        if detail.Unpack(info):
            return info.reason, status.message
    return "AGENT_NOT_RUNNING", error.details() or str(error)


def main() -> int:
    """Look cards up until Ctrl-C, or as many as were asked for."""
    parser = argparse.ArgumentParser(description="Look up the card in the reader, then the next.")
    parser.add_argument("agent_json", type=Path, help="agent.json in the counter's state folder")
    parser.add_argument("--cards", type=int, help="end after so many cards")
    options = parser.parse_args()
    try:
        agent, insertion = Agent(options.agent_json), 0
    except OSError as error:
        print(f"AGENT_NOT_RUNNING: {error}")
        return 1
    for _ in range(options.cards) if options.cards else count():
        try:
            insertion = agent.wait_for_card(insertion)
            found = agent.look_up_card()
        except grpc.RpcError as error:
            reason, message = why(error)
            print(f"{reason}: {message}", flush=True)
            if reason in AGENT_IS_GONE:
                return 1
        else:
            print(f"{found.issuer_name} {found.customer_id} {found.mykey_id}", flush=True)
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, wherever it is
    sys.exit(main())
