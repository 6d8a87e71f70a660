// The loop from nodejs24.x on: a handler answers by its return value or its promise, and by nothing else.
"use strict";

const { begin, environment, forwardTrace, received } = require("./context.cjs");
const { logError } = require("./log.cjs");

// What else is due in this turn of the event loop still belongs to the invocation.
const endOfTurn = () => new Promise((resolve) => setImmediate(resolve));

function contextOf(invocation) {
  const { getRemainingTimeInMillis, ...given } = received(invocation);
  const { functionVersion, functionName, ...rest } = environment();
  forwardTrace(invocation.traceId);
  return {
    ...given,
    xRayTraceId: invocation.traceId,
    getRemainingTimeInMillis,
    functionName,
    functionVersion,
    ...rest,
  };
}

async function streamed(client, handler, context, event) {
  const { collect } = require("./response_stream.cjs");
  const stream = await collect(handler, event, context);
  await endOfTurn();
  client.rawResponse(context.awsRequestId, stream.body, stream.contentType);
}

async function buffered(client, handler, context, event) {
  const result = await handler(event, context);
  await endOfTurn();
  client.response(context.awsRequestId, result);
}

async function serve(client, handler, streaming) {
  const run = streaming ? streamed : buffered;
  for (;;) {
    const invocation = await client.next();
    begin(invocation);
    const context = contextOf(invocation);
    const event = JSON.parse(invocation.body);
    try {
      await run(client, handler, context, event);
    } catch (error) {
      await endOfTurn();
      logError("Invoke Error", error);
      client.error(context.awsRequestId, error);
    }
  }
}

module.exports = { serve };
