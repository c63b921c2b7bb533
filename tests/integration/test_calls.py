"""Whoever calls, whatever they send (SEC-2, API-3)."""

from importlib import import_module
from pathlib import Path

import grpc
import jichipoint.v1
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha import reflection_pb2

from tests.integration.conftest import BALANCE, Connect, Service
from tests.integration.support import Client, spend_request
from tests.server.support import CARD_A, OPERATOR, VOUCHER

Code = grpc.StatusCode
Question = reflection_pb2.ServerReflectionRequest
DEFINITIONS = sorted(Path(next(iter(jichipoint.v1.__path__))).glob("*_pb2.py"))
SERVICES = {
    name: f"jichipoint/v1/{path.stem.removesuffix('_pb2')}.proto"
    for path in DEFINITIONS
    for name in import_module(f"jichipoint.v1.{path.stem}").DESCRIPTOR.services_by_name
    if name != "CounterAgentService"
}
"""Every service but the agent's, with its file."""


@pytest.mark.parametrize("terminal_id", [VOUCHER, OPERATOR])
async def test_other_classes_spend_nothing(
    service: Service, connect: Connect, terminal_id: str
) -> None:
    client = await connect(terminal_id)
    told = await client.refusal("PointService/Spend", spend_request())
    assert (told.code, told.reason) == (Code.PERMISSION_DENIED, "NOT_FOR_THIS_TERMINAL")
    assert service.town.balance(CARD_A) == BALANCE


async def test_bytes_that_are_no_message(counter: Client) -> None:
    told = await counter.refusal("PointService/Spend", b"\xff\xff\xff")
    assert (told.code, told.reason) == (Code.INVALID_ARGUMENT, "UNDECODABLE_MESSAGE")
    assert (await counter.usable(CARD_A)).mykey_id, "the server goes on"


@pytest.mark.parametrize("method", ["PointService/Steal", "NoService/Spend"])
async def test_an_unknown_method(counter: Client, method: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        await counter.raw(method, b"")
    assert isinstance(caught.value, grpc.aio.AioRpcError)
    assert caught.value.code() == Code.UNIMPLEMENTED


async def test_a_message_that_is_too_large(counter: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        await counter.raw("PointService/Spend", bytes(2 << 20))
    assert isinstance(caught.value, grpc.aio.AioRpcError)
    assert caught.value.code() == Code.RESOURCE_EXHAUSTED


def understood(files: dict[str, FileDescriptorProto], name: str) -> DescriptorPool:
    """A client's pool with a file and what it imports."""
    pool = DescriptorPool()

    def add(name: str) -> None:
        for imported in files[name].dependency:
            add(imported)
        pool.AddSerializedFile(files[name].SerializeToString())

    add(name)
    return pool


VERSIONS = ("v1", "v1alpha")


async def reflected(
    client: Client, question: Question, version: str
) -> reflection_pb2.ServerReflectionResponse:
    ask: grpc.aio.StreamStreamMultiCallable[bytes, bytes]
    ask = client.channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    )
    (content,) = [one async for one in ask(iter([question.SerializeToString()]))]
    return reflection_pb2.ServerReflectionResponse.FromString(content)


@pytest.mark.parametrize("version", VERSIONS)
async def test_reflection_lists_every_service(counter: Client, version: str) -> None:
    answer = await reflected(counter, Question(list_services=""), version)
    names = {one.name for one in answer.list_services_response.service}
    assert names == {
        *(f"jichipoint.v1.{name}" for name in SERVICES),
        "grpc.health.v1.Health",
        *(f"grpc.reflection.{one}.ServerReflection" for one in VERSIONS),
    }


@pytest.mark.parametrize("version", VERSIONS)
async def test_reflection_tells_files_with_all_that_they_import(
    counter: Client, version: str
) -> None:
    """A client needs no definitions of its own, not even for the details of errors."""
    asked = {f"jichipoint.v1.{name}": file for name, file in SERVICES.items()}
    asked["grpc.reflection.v1.ServerReflection"] = "grpc/reflection/v1/reflection.proto"
    asked["grpc.reflection.v1alpha.ServerReflection"] = reflection_pb2.DESCRIPTOR.name
    asked["google.rpc.Status"] = "google/rpc/status.proto"
    asked["google.rpc.ErrorInfo"] = "google/rpc/error_details.proto"
    for symbol, file in asked.items():
        answer = await reflected(counter, Question(file_containing_symbol=symbol), version)
        contents = answer.file_descriptor_response.file_descriptor_proto
        files = {one.name: one for one in map(FileDescriptorProto.FromString, contents)}
        assert understood(files, file).FindFileContainingSymbol(symbol).name == file
        assert file in files
        assert {name for one in files.values() for name in one.dependency} <= set(files)
