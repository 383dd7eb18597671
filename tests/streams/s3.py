"""Files in S3, as moto has it: a mock of another project, which checks signatures by Amazon's own library (botocore)."""

import gzip
import json
import os
import re
import subprocess
import sys

import boto3
import requests

from server import PREFIX, expect, free_port, until, whole

BUCKET = "calls"
KEY = re.compile(r"streams/dt=1/\d{4}/\d\d/\d\d/\d\d/[0-9a-zA-Z-]+\.ndjson\.gz")


class S3:
    name = "S3 (moto)"

    def __init__(self, work, programs):
        self.url = f"http://127.0.0.1:{free_port()}"
        port = self.url.rsplit(":", 1)[1]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port],
            env=dict(os.environ, INITIAL_NO_AUTH_ACTION_COUNT="1000"),
            stdout=subprocess.DEVNULL, stderr=open(os.path.join(work, "moto.err"), "wb"),
        )
        until("S3 answers", self.answers)
        root = {"endpoint_url": self.url, "region_name": "us-east-1", "aws_access_key_id": "root", "aws_secret_access_key": "root"}
        self.client = boto3.client("s3", **root)
        self.client.create_bucket(Bucket=BUCKET)
        # A key that may write and nothing else, as one would give it out.
        iam = boto3.client("iam", **root)
        iam.create_user(UserName="sidetone")
        may_write = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [may_write]})
        iam.put_user_policy(UserName="sidetone", PolicyName="write", PolicyDocument=policy)
        self.key = iam.create_access_key(UserName="sidetone")["AccessKey"]
        self.secret = self.key["SecretAccessKey"]
        iam.create_user(UserName="reader")
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
        iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=policy)
        reader = iam.create_access_key(UserName="reader")["AccessKey"]
        self.client = boto3.client(
            "s3", endpoint_url=self.url, region_name="us-east-1",
            aws_access_key_id=reader["AccessKeyId"], aws_secret_access_key=reader["SecretAccessKey"],
        )
        # From here on signatures and policies are checked.
        requests.post(f"{self.url}/moto-api/reset-auth", data="0", timeout=10).raise_for_status()

    def answers(self):
        try:
            return requests.get(f"{self.url}/moto-api/", timeout=5).ok
        except requests.ConnectionError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def configuration(self, **more):
        return {
            "endpoint": self.url, "bucket": BUCKET, "prefix": "streams/dt=1", "interval": 1,
            "access_key_id": self.key["AccessKeyId"], "secret_access_key": self.secret, **more,
        }

    def sink(self, sidetone):
        # Who has another key is not let in, and told why.
        for wrong, code in (({"secret_access_key": "another"}, "SignatureDoesNotMatch"), ({"bucket": "others"}, "")):
            sid = sidetone.make("s3", self.configuration(**wrong))
            sidetone.ask("POST", f"/v1/Sinks/{sid}/Test", {})
            until("a wrong sink fails", lambda: sidetone.ask("GET", f"/v1/Sinks/{sid}")["status"] == "failed")
            last = sidetone.ask("GET", f"/v1/Sinks/{sid}/Deliveries")["last_deliveries"][0]
            expect(code in last["error"] and last["status"] in (403, 404), f"another reason: {last['error']}")
            sidetone.ask("DELETE", f"/v1/Sinks/{sid}")
        return sidetone.sink("s3", self.configuration())

    def read(self):
        """The events of each object, in the order in which they were written."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        listed = [it for page in pages for it in page.get("Contents", [])]
        objects = []
        for it in sorted(listed, key=lambda it: it["LastModified"]):
            expect(KEY.fullmatch(it["Key"]), f"another name: {it['Key']}")
            body = self.client.get_object(Bucket=BUCKET, Key=it["Key"])["Body"].read()
            lines = gzip.decompress(body).decode().splitlines()
            objects.append((it, [json.loads(line) for line in lines]))
        return objects

    def check(self, sidetone, sid, numbers):
        events = lambda: [event for _, events in self.read() for event in events if event["type"].startswith(PREFIX)]
        named = lambda it: (it["data"]["call_sid"], it["type"], it["id"])
        whole(self.name, lambda: [named(it) for it in events()], numbers)
        sidetone.settled(sid)
        objects = self.read()
        told = events()
        for it, events in objects:
            expect(events and it["Key"].endswith(f"/{(events[0]['data'].get('test_id') or events[0]['id'])}.ndjson.gz"), "another name")
        for event in told:
            expect(event["specversion"] == "1.0" and event["datacontenttype"] == "application/json", f"no CloudEvent: {event}")
        # Many events are in few objects: one a second, where none is full.
        expect(len(objects) < len(told) / 4, f"{len(objects)} objects of {len(told)} events")
