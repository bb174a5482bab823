"""The lookup of an analysis as a function of AWS Lambda in Python, see README.md."""

import gzip
import os

import boto3
import httpx

# Built once, in Init: the client of the table, and that of everything outside of AWS.
dynamodb = boto3.client("dynamodb")
http = httpx.Client(timeout=10.0)


def handler(event, context):
    """Answers `GET /v1/videos/{video_id}` with the body that stands beside the newest analysis."""
    rows = dynamodb.query(
        TableName=os.environ["VIDEOS_TABLE"],
        KeyConditionExpression="pk = :pk AND sk BETWEEN :from AND :to",
        ExpressionAttributeValues={
            ":pk": {"S": event["pathParameters"]["video_id"]},
            ":from": {"S": "current"},
            ":to": {"S": "current#body"},
        },
    )["Items"]
    beside = next((row for row in rows if "body" in row), None)
    if beside is None:
        return {"statusCode": 404, "headers": {"content-type": "text/plain"}, "body": "not found"}
    etag = beside["etag"]["S"]
    headers = {"content-type": "application/json", "etag": f'"{etag}"'}
    body = gzip.decompress(beside["body"]["B"]).decode()
    return {"statusCode": 200, "headers": headers, "body": body}
