#!/usr/bin/env python3
"""An authority's back-office system in Python: submits a letter and streams its events.

    SIEGEL_ORIGIN=http://localhost:8080 SIEGEL_CREDENTIALS=siegel-data/demo.toml SIEGEL_HANDLE=… python letter.py

The handle is what the person released to the portal at log-in (`node ../node/handle.mjs` prints one).
"""

import hashlib
import os
import sys
import uuid

import grpc

import siegel_client as siegel

siegel.generate()
from siegel.common.v1 import common_pb2 as common  # noqa: E402
from siegel.postbox.v1 import letter_pb2 as letters  # noqa: E402
from siegel.postbox.v1 import postbox_pb2 as postbox  # noqa: E402
from siegel.postbox.v1 import postbox_pb2_grpc as postbox_grpc  # noqa: E402

SERVICE = "/siegel.postbox.v1.SenderService"


def check(condition, message):
    if not condition:
        sys.exit(f"letter.py: {message}")


def attachment(name, media_type):
    content = (siegel.ROOT / "tests" / "fixtures" / name).read_bytes()
    declaration = letters.AttachmentDeclaration(
        name=name, media_type=media_type, sha256=hashlib.sha256(content).digest(), size_bytes=len(content)
    )
    return letters.InlineAttachment(declaration=declaration, content=content)


def submission(handle):
    letter = letters.Letter(
        handle=handle,
        sender_reference="63.2-2026-00417",
        subject="Ihre Baugenehmigung",
        bodies=[letters.Body(language="de", plain_text="Guten Tag, Ihre Baugenehmigung liegt bei.")],
        required_level=common.TRUST_LEVEL_SUBSTANTIAL,
        importance=letters.IMPORTANCE_IMPORTANT,
        delivery_type=letters.DELIVERY_TYPE_DECISION,
    )
    files = [attachment("bescheid.pdf", "application/pdf"), attachment("bescheid.xml", "application/xml")]
    return postbox.SubmitRequest(request_id=str(uuid.uuid4()), letter=letter, attachments=files)


def refused(caller, stub, request, code, wanted):
    """The call must fail with exactly this code and reason."""
    try:
        caller.unary(stub.Submit, f"{SERVICE}/Submit", request)
    except grpc.RpcError as error:
        got = (error.code(), siegel.reason(error))
        check(got == (code, wanted), f"refused with {got}, expected {(code, wanted)}")
        return
    check(False, f"accepted what should be refused as {wanted}")


def main():
    demo = siegel.credentials()
    handle = os.environ.get("SIEGEL_HANDLE")
    check(handle, "SIEGEL_HANDLE is not set")
    proof = siegel.Proof()
    token = siegel.fetch_token(demo["origin"], demo["authority"], "urn:siegel:postbox", "postbox.deliver", proof)
    caller = siegel.Caller(demo["origin"], token, proof)
    with siegel.channel(demo["origin"]) as channel:
        stub = postbox_grpc.SenderServiceStub(channel)
        request = submission(handle)
        sent = caller.unary(stub.Submit, f"{SERVICE}/Submit", request)
        kinds = [receipt.kind for receipt in sent.receipts]
        check(kinds == ["accepted", "provided"], f"receipts are {kinds}")
        print(f"submitted {sent.letter_id}, receipts {', '.join(kinds)}")

        again = caller.unary(stub.Submit, f"{SERVICE}/Submit", request)
        check(again.letter_id == sent.letter_id, "the same request made a second letter")
        check([r.file for r in again.receipts] == [r.file for r in sent.receipts], "the same request got other receipts")

        other = postbox.SubmitRequest()
        other.CopyFrom(request)
        other.letter.subject = "Etwas anderes"
        refused(caller, stub, other, grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")

        unknown = submission("hdl_" + "0" * 32)
        refused(caller, stub, unknown, grpc.StatusCode.NOT_FOUND, "RECIPIENT_UNKNOWN")

        # The stream brings the letter's events in order; its cursor goes on after what was read.
        watch = postbox.WatchEventsRequest()
        call, messages = caller.stream(stub.WatchEvents, f"{SERVICE}/WatchEvents", watch)
        seen, cursor = [], ""
        for message in messages:
            if message.HasField("event") and message.event.letter_id == sent.letter_id:
                seen.append(message.event.kind)
                cursor = message.cursor
                if message.event.kind == "provided":
                    break
        call.cancel()
        check(seen == ["accepted", "provided"], f"the stream brought {seen}")

        call, messages = caller.stream(stub.WatchEvents, f"{SERVICE}/WatchEvents", postbox.WatchEventsRequest(cursor=cursor))
        for message in messages:
            event = message.event if message.HasField("event") else None
            check(event is None or (event.letter_id, event.kind) not in {(sent.letter_id, k) for k in seen},
                  "the stream repeated an event from before the cursor")
            if event is None:  # a heartbeat: everything after the cursor was read
                break
        call.cancel()
        print(f"events {', '.join(seen)}; the stream goes on from its cursor")

        letter = caller.unary(stub.GetSentLetter, f"{SERVICE}/GetSentLetter", postbox.GetSentLetterRequest(letter_id=sent.letter_id))
        check(letter.state == letters.DELIVERY_STATE_PROVIDED, f"the state is {letter.state}")

        # A stolen token without its key is worth nothing.
        thief = siegel.Caller(demo["origin"], token, siegel.Proof())
        try:
            thief.unary(stub.GetSentLetter, f"{SERVICE}/GetSentLetter", postbox.GetSentLetterRequest(letter_id=sent.letter_id))
            check(False, "a token worked with a foreign key")
        except grpc.RpcError as error:
            check(error.code() == grpc.StatusCode.UNAUTHENTICATED, f"a foreign key got {error.code()}")
        print("a foreign key, a reused request id and an unknown recipient are refused")


if __name__ == "__main__":
    main()
