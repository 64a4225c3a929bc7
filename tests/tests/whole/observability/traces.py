"""Decodes the bodies that a collector got, each a file of the arguments, with the official messages of OpenTelemetry.

Prints one JSON document: a list of what each body says. A field that the official messages do not have is a fault."""

import json
import sys

from google.protobuf.json_format import MessageToDict
from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def refuse_unknown(message):
    if len(UnknownFieldSet(message)):
        sys.exit(f"{message.DESCRIPTOR.full_name} has fields that are not official")
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for part in value if isinstance(value, (list, tuple)) or hasattr(value, "append") else [value]:
            refuse_unknown(part)


told = []
for path in sys.argv[1:]:
    request = ExportTraceServiceRequest()
    with open(path, "rb") as body:
        request.ParseFromString(body.read())
    refuse_unknown(request)
    told.append(MessageToDict(request))
json.dump(told, sys.stdout)
