// The stream that a streaming handler writes to. What it writes goes to the platform at once; while the platform
// doesn't take it, `write` answers false and `drain` comes later.
"use strict";

const { Writable } = require("node:stream");
const { generation, PROMISES } = require("./generation.cjs");
const { InvalidStreamingOperation } = require("./errors.cjs");

const DEFAULT_TYPE = "application/octet-stream";
const WITH_PRELUDE = "application/vnd.awslambda.http-integration-response";
const DELIMITER = Buffer.alloc(8);

// AWS's older client throws texts, the newer one errors.
const fault = (words) => (generation === PROMISES ? new Error(words) : words);

class ResponseStream extends Writable {
  #outlet;
  #contentType = DEFAULT_TYPE;
  #written = false;
  #begun = false;

  // `outlet` is the client's: begin(contentType), chunks(list, written), end().
  constructor(outlet, highWaterMark) {
    super({ decodeStrings: true, ...(highWaterMark !== undefined && { highWaterMark }) });
    this.#outlet = outlet;
  }

  write(chunk, ...rest) {
    const isBytes = typeof chunk === "string" || chunk instanceof Uint8Array;
    if (!this.#written) this._onBeforeFirstWrite?.((prelude) => super.write(prelude));
    this.#written = true;
    return super.write(isBytes ? chunk : JSON.stringify(chunk), ...rest);
  }

  setContentType(contentType) {
    if (this.#written) throw new InvalidStreamingOperation("Cannot set content-type, too late.");
    this.#contentType = contentType;
  }

  _write(chunk, _encoding, written) {
    this.#begin();
    this.#outlet.chunks([chunk], written);
  }

  _writev(entries, written) {
    this.#begin();
    this.#outlet.chunks(entries.map(({ chunk }) => chunk), written);
  }

  _final(done) {
    this.#begin();
    this.#outlet.end();
    done();
  }

  #begin() {
    if (!this.#begun) this.#outlet.begin(this.#contentType);
    this.#begun = true;
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

// When the stream has ended, whoever ended it; rejects if it broke.
function ended(stream) {
  const promise = new Promise((resolve, reject) => {
    stream.once("finish", resolve);
    stream.on("error", reject);
    stream.once("close", () => reject(fault("Response stream is not finished.")));
  });
  promise.catch(() => {}); // told below, or by the handler itself
  return promise;
}

// Runs the handler to the end of its stream, which may come after the handler's own.
async function respond(handler, event, context, outlet, highWaterMark) {
  const stream = new ResponseStream(outlet, highWaterMark);
  const end = ended(stream);
  const running = handler(event, stream, context);
  if (typeof running?.then !== "function") throw fault("Streaming does not support non-async handlers.");
  if ((await running) !== undefined) console.warn("Streaming handlers ignore return values.");
  await end;
}

module.exports = { HttpResponseStream, respond };
