"""Points generated requests at calls that exist; without it nearly every case would be a 404."""

import atexit
import collections
import json
import os
import re
import zlib

import schemathesis

with open(os.environ["SIDETONE_MANIFEST"]) as file:
    MANIFEST = json.load(file)

# Only calls set aside for this: no other suite looks at their annotations.
CALLS = MANIFEST["scratch"]["schemathesis"] + [MANIFEST["detailed"]["call_sid"], MANIFEST["running"][1]]
STATUSES = collections.defaultdict(collections.Counter)
WELL_FORMED = re.compile(r"^CA[0-9a-fA-F]{32}$")


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    for name in ("CallSid", "Sid"):
        value = (path_parameters or {}).get(name)
        # Malformed values stay as they are, and so does one well-formed value in eight.
        if isinstance(value, str) and WELL_FORMED.match(value):
            turn = zlib.crc32(value.encode())
            if turn % 8:
                path_parameters[name] = CALLS[turn % len(CALLS)]
    return path_parameters


@schemathesis.hook
def map_query(context, query):
    # A foreign account is refused before anything else is looked at.
    for name in ("Subaccount", "SubaccountSid"):
        value = (query or {}).get(name)
        if isinstance(value, str) and re.match(r"^AC[0-9a-fA-F]{32}$", value) and zlib.crc32(value.encode()) % 8:
            query[name] = MANIFEST["subaccount"]["account_sid"]
    return query


@schemathesis.hook
def after_call(context, case, response):
    STATUSES[case.operation.label][response.status_code] += 1


@atexit.register
def write_statuses():
    with open("statuses.json", "w") as out:
        json.dump(STATUSES, out)
