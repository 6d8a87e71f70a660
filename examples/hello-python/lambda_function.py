"""Answers an HTTP request (a function URL, API Gateway) or a plain invocation."""

import logging

logger = logging.getLogger()
logger.setLevel(logging.INFO)


def lambda_handler(event, context):
    logger.info("request %s", event.get("rawPath", "(invoked directly)"))
    return {"statusCode": 200, "body": "Hello from Lambda!"}
