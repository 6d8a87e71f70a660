// The framed transport: length of header, length of body (4 bytes each, big-endian), header (JSON), body.
"use strict";

const fs = require("node:fs");
const net = require("node:net");
const { Inbox } = require("./inbox.cjs");

const LENGTHS = 8;
const NOTHING = Buffer.alloc(0);

function frame(header, body = NOTHING) {
  const text = JSON.stringify(header);
  const headerLength = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(LENGTHS + headerLength + body.length);
  bytes.writeUInt32BE(headerLength, 0);
  bytes.writeUInt32BE(body.length, 4);
  bytes.write(text, LENGTHS, "utf8");
  body.copy(bytes, LENGTHS + headerLength);
  return bytes;
}

const NEXT = frame({ type: "next" });
const CHUNK = { type: "response-chunk" };

// A whole frame out of the inbox, or undefined while it is incomplete.
function takeFrame(inbox) {
  const lengths = inbox.peek(LENGTHS);
  if (!lengths) return undefined;
  const headerLength = lengths.readUInt32BE(0);
  const bodyLength = lengths.readUInt32BE(4);
  const whole = inbox.take(LENGTHS + headerLength + bodyLength);
  if (!whole) return undefined;
  const bodyStart = LENGTHS + headerLength;
  return { header: JSON.parse(whole.toString("utf8", LENGTHS, bodyStart)), body: whole.toString("utf8", bodyStart) };
}

function invocation({ header, body }) {
  return {
    requestId: header.id,
    deadlineMs: header.deadlineMs,
    functionArn: header.arn,
    traceId: header.traceId,
    clientContext: header.clientContext,
    cognitoIdentity: header.cognitoIdentity,
    tenantId: header.tenantId,
    body,
  };
}

class Frames {
  #socket;
  #inbox = new Inbox();
  #answer = NOTHING;
  #arrived;

  constructor(path) {
    this.#socket = net.connect({ path, onread: this.#inbox.reader(() => this.#deliver()) });
    this.#socket.unref();
    this.#socket.resume();
    // The platform closes the connection when the environment has served its time.
    this.#socket.on("end", () => process.exit(0));
    this.#socket.on("error", (error) => this.#lost(error));
    process.on("exit", () => this.#flushNow());
  }

  next() {
    this.#socket.write(this.#answer.length ? Buffer.concat([this.#answer, NEXT]) : NEXT);
    this.#answer = NOTHING;
    this.#socket.ref();
    return new Promise((resolve) => {
      this.#arrived = resolve;
      this.#deliver();
    });
  }

  response(id, body) {
    this.#queue(frame({ type: "response", id }, body));
  }

  // Its pieces are written at once; its beginning goes with the first of them, its end with `next`.
  stream(id) {
    let begin = NOTHING;
    this.#socket.ref();
    const end = (last) => {
      this.#queue(begin);
      this.#queue(last);
      this.#socket.unref();
    };
    return {
      begin: (contentType) => (begin = frame({ type: "response-begin", id, contentType })),
      chunks: (chunks, written) => {
        const frames = chunks.map((chunk) => frame(CHUNK, chunk));
        this.#socket.write(Buffer.concat([begin, ...frames]), written);
        begin = NOTHING;
      },
      end: () => end(frame({ type: "response-end", id })),
      fail: (body, errorType) => end(frame({ type: "error", id, errorType }, body)),
    };
  }

  error(id, body, errorType) {
    this.#socket.unref();
    this.#queue(frame({ type: "error", id, errorType }, body));
  }

  initError(body, errorType, then) {
    this.#queue(frame({ type: "init-error", errorType }, body));
    this.flush(then);
  }

  // There is more than one answer where something fails after the handler has answered; the first counts.
  #queue(answer) {
    this.#answer = this.#answer.length ? Buffer.concat([this.#answer, answer]) : answer;
  }

  flush(then) {
    const answer = this.#answer;
    this.#answer = NOTHING;
    this.#socket.write(answer, () => then());
  }

  #deliver() {
    const arrived = this.#arrived;
    const whole = arrived && takeFrame(this.#inbox);
    if (!whole) return;
    this.#arrived = undefined;
    this.#socket.unref();
    arrived(invocation(whole));
  }

  // A handler that answers and then calls process.exit has answered; but an end says nothing where pieces are missing.
  #flushNow() {
    const descriptor = this.#socket._handle?.fd;
    const isNext = this.#answer.length > 0 && this.#socket.writableLength === 0;
    if (isNext && descriptor >= 0) fs.writeSync(descriptor, this.#answer);
  }

  #lost(error) {
    process.stderr.write(`LAMBDA_RUNTIME lost the platform: ${error.message}\n`);
    process.exit(1);
  }
}

module.exports = { frames: (path) => new Frames(path) };
