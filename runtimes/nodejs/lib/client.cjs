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

// A transport answers to next(), response(), stream(), error(), initError(); the client turns values into bytes for it.
class Client {
  #transport;
  #begun; // the streamed answer whose end has not been told

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

  // The way out for a streaming handler; until it is told to end, the event loop is not empty.
  stream(requestId) {
    const stream = this.#transport.stream(requestId);
    return {
      begin: (contentType) => {
        this.#begun = stream;
        stream.begin(contentType);
      },
      chunks: stream.chunks,
      end: () => {
        this.#begun = undefined;
        stream.end();
      },
    };
  }

  // An error after the first byte of a streamed answer is its end.
  error(requestId, error) {
    const payload = toPayload(error);
    const [body, errorType] = [bytes(payload), String(payload.errorType)];
    if (this.#begun) this.#begun.fail(body, errorType);
    else this.#transport.error(requestId, body, errorType, toXRayCause(error));
    this.#begun = undefined;
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
