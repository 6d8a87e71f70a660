// The stream that a streaming handler writes to. What it wrote is sent when the handler is done, in one piece:
// an Invoke sees the same payload as in Lambda; only the time of the first byte differs.
"use strict";

const { Writable } = require("node:stream");
const { InvalidStreamingOperation } = require("./errors.cjs");

const DEFAULT_TYPE = "application/octet-stream";
const WITH_PRELUDE = "application/vnd.awslambda.http-integration-response";
const DELIMITER = Buffer.alloc(8);

class ResponseStream extends Writable {
  #chunks = [];
  #started = false;
  contentType = DEFAULT_TYPE;

  constructor() {
    super({ decodeStrings: true });
  }

  write(chunk, ...rest) {
    const isBytes = typeof chunk === "string" || chunk instanceof Uint8Array;
    if (!this.#started) this._onBeforeFirstWrite?.((prelude) => this.#chunks.push(Buffer.from(prelude)));
    this.#started = true;
    return super.write(isBytes ? chunk : JSON.stringify(chunk), ...rest);
  }

  _write(chunk, _encoding, written) {
    this.#chunks.push(chunk);
    written();
  }

  setContentType(contentType) {
    if (this.#started) throw new InvalidStreamingOperation("Cannot set content-type, too late.");
    this.contentType = contentType;
  }

  get body() {
    return Buffer.concat(this.#chunks);
  }
}

class HttpResponseStream {
  // Puts status and headers ahead of the body: JSON, eight NULs, body.
  static from(stream, prelude) {
    stream.setContentType(WITH_PRELUDE);
    stream._onBeforeFirstWrite = (write) => {
      write(JSON.stringify(prelude));
      write(DELIMITER);
    };
    return stream;
  }
}

// Run the handler to the end of its stream; what it wrote.
async function collect(handler, event, context) {
  const stream = new ResponseStream();
  const finished = new Promise((resolve, reject) => stream.once("finish", resolve).once("error", reject));
  finished.catch(() => {}); // told below, or by the handler itself
  const running = handler(event, stream, context);
  if (typeof running?.then !== "function") throw "Streaming does not support non-async handlers.";
  if ((await running) !== undefined) console.warn("Streaming handlers ignore return values.");
  if (!stream.writableEnded) throw "Response stream is not finished.";
  await finished;
  return stream;
}

module.exports = { HttpResponseStream, collect };
