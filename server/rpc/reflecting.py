"""Reflection, by both of its names: grpc.reflection.v1 and the older v1alpha (API-3).

Their messages are the same on the wire. The package that answers knows the older name only, so
one servicer of it is registered under both, and the newer definition is made of the older one.
"""

from collections.abc import Iterable

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha import reflection, reflection_pb2

OLDER, NEWER = "grpc.reflection.v1alpha", "grpc.reflection.v1"
REFLECTION_NAMES = tuple(f"{package}.ServerReflection" for package in (NEWER, OLDER))


def add_reflection(names: Iterable[str], server: grpc.aio.Server) -> None:
    """Let a server tell the definitions of services by these full names, and its own."""
    _define_newer(descriptor_pool.Default())
    servicer = reflection.aio.ReflectionServicer([*names, *REFLECTION_NAMES])
    answer = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        [
            grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": answer})
            for name in REFLECTION_NAMES
        ]
    )


def _define_newer(pool: descriptor_pool.DescriptorPool) -> None:
    """Add the newer definition, where the pool has none."""
    try:
        pool.FindServiceByName(f"{NEWER}.ServerReflection")
    except KeyError:
        file = FileDescriptorProto()
        reflection_pb2.DESCRIPTOR.CopyToProto(file)
        pool.AddSerializedFile(_renamed(file))


def _renamed(file: FileDescriptorProto) -> bytes:
    """Return a definition with the newer package in all its names."""
    file.name, file.package = "grpc/reflection/v1/reflection.proto", NEWER
    for message in file.message_type:
        for field in message.field:
            if field.type_name:
                field.type_name = field.type_name.replace(f".{OLDER}.", f".{NEWER}.")
    for service in file.service:
        for method in service.method:
            method.input_type = method.input_type.replace(f".{OLDER}.", f".{NEWER}.")
            method.output_type = method.output_type.replace(f".{OLDER}.", f".{NEWER}.")
    return file.SerializeToString()
