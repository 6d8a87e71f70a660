// The two ways to the platform: frames over a Unix socket, and AWS's HTTP Runtime API.
//
// Both are one bare socket without Node's HTTP client, which would cost more than the invocation itself. An
// answer waits in memory for the `next` that follows it, so that both go out in one write. While an invocation
// runs the socket doesn't keep the event loop alive: an empty loop is how a handler with callbacks ends.
"use strict";

const fs = require("node:fs");
const { frames } = require("./frames.cjs");
const { httpApi } = require("./http_api.cjs");
const { toPayload, toResult, toXRayCause } = require("./errors.cjs");

const SOCKET_PATH = "/run/lambdad/runtime.sock";
const PLATFORM_RUNTIME_API = "169.254.100.1:9001";

// A transport answers to next(), response(), error(), initError(); the client turns values into bytes for it.
class Client {
  #transport;

  constructor(transport) {
    this.#transport = transport;
  }

  // {requestId, deadlineMs, functionArn, traceId, clientContext, cognitoIdentity, tenantId, body}; absent is undefined.
  next() {
    return this.#transport.next();
  }

  response(requestId, result) {
    this.#transport.response(requestId, Buffer.from(toResult(result), "utf8"));
  }

  // A body that is no JSON: what a streaming handler wrote.
  rawResponse(requestId, body, contentType) {
    this.#transport.response(requestId, body, contentType);
  }

  error(requestId, error) {
    const payload = toPayload(error);
    this.#transport.error(requestId, bytes(payload), String(payload.errorType), toXRayCause(error));
  }

  // For what ends the process: `then` runs when the platform has it.
  errorAndThen(requestId, error, then) {
    this.error(requestId, error);
    this.#transport.flush(then);
  }

  initError(error, then) {
    const payload = toPayload(error);
    this.#transport.initError(bytes(payload), String(payload.errorType), then);
  }
}

const bytes = (payload) => Buffer.from(JSON.stringify(payload), "utf8");

// Frames where the platform's socket is and nobody stands between; else AWS's API at the address that is given.
function connect(socketPath = SOCKET_PATH) {
  const address = process.env.AWS_LAMBDA_RUNTIME_API ?? "";
  const framed = address === PLATFORM_RUNTIME_API && fs.existsSync(socketPath);
  return new Client(framed ? frames(socketPath) : httpApi(address));
}

module.exports = { connect };
