// The loop from nodejs24.x on: a handler answers by its return value or its promise, and by nothing else.
"use strict";

const { begin, environment, forwardTrace, received } = require("./context.cjs");
const { logError } = require("./log.cjs");
const { metadata } = require("./user_function.cjs");

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

// The names of these classes and their method stand in the stack traces that functions log: they are AWS's.
class BufferedInvokeProcessor {
  constructor(client, handler) {
    this.client = client;
    this.handler = handler;
  }

  async processInvoke(context, event) {
    const result = await this.handler(event, context);
    await endOfTurn();
    this.client.response(context.awsRequestId, result);
  }
}

class StreamingInvokeProcessor extends BufferedInvokeProcessor {
  async processInvoke(context, event) {
    const { respond } = require("./response_stream.cjs");
    const { highWaterMark } = metadata(this.handler);
    const handler = (...given) => this.handler(...given);
    await respond(handler, event, context, this.client.stream(context.awsRequestId), highWaterMark);
  }
}

async function serve(client, handler, streaming) {
  const processor = new (streaming ? StreamingInvokeProcessor : BufferedInvokeProcessor)(client, handler);
  for (;;) {
    const invocation = await client.next();
    begin(invocation);
    const context = contextOf(invocation);
    const event = JSON.parse(invocation.body);
    try {
      await processor.processInvoke(context, event);
    } catch (error) {
      await endOfTurn();
      logError("Invoke Error", error);
      client.error(context.awsRequestId, error);
    }
  }
}

module.exports = { serve };
