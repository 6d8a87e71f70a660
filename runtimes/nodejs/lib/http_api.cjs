// AWS's HTTP Runtime API over one kept connection.
"use strict";

const fs = require("node:fs");
const net = require("node:net");
const { Inbox } = require("./inbox.cjs");

const PREFIX = "/2018-06-01/runtime/";
const JSON_TYPE = "application/json";
const ERROR_TYPE = "Lambda-Runtime-Function-Error-Type";
const ERROR_BODY = "Lambda-Runtime-Function-Error-Body";
const STREAMING = {
  "Lambda-Runtime-Function-Response-Mode": "streaming",
  "Transfer-Encoding": "chunked",
  Trailer: `${ERROR_TYPE}, ${ERROR_BODY}`,
};
const CRLF = Buffer.from("\r\n");
const MAX_XRAY_CAUSE = 64 * 1024; // a header; AWS's platform ignores causes that are larger

// One line of printable ASCII; JSON keeps its meaning under this escape.
function headerSafe(text) {
  return text.replace(/[^ -~]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}

const responsePath = (id) => `invocation/${encodeURIComponent(id)}/response`;

// A response's parser: a generator that yields while bytes are missing.
function* readResponse(inbox) {
  const head = yield* wait(() => inbox.takeTo("\r\n\r\n"));
  const [statusLine, ...lines] = head.split("\r\n");
  const headers = Object.fromEntries(lines.map(headerOf));
  const chunked = headers["transfer-encoding"] === "chunked";
  const body = chunked ? yield* readChunks(inbox) : yield* readBytes(inbox, Number(headers["content-length"] ?? 0));
  return { status: Number(statusLine.split(" ")[1]), headers, body: body.toString("utf8") };
}

function headerOf(line) {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function* wait(take) {
  for (;;) {
    const taken = take();
    if (taken !== undefined) return taken;
    yield;
  }
}

function* readBytes(inbox, count) {
  return Buffer.from(yield* wait(() => inbox.take(count)));
}

function* readChunks(inbox) {
  const chunks = [];
  for (;;) {
    const size = parseInt(yield* wait(() => inbox.takeTo("\r\n")), 16);
    if (size > 0) chunks.push(yield* readBytes(inbox, size));
    yield* wait(() => inbox.takeTo("\r\n"));
    if (size === 0) return Buffer.concat(chunks);
  }
}

class HttpApi {
  #host;
  #port;
  #address;
  #socket;
  #inbox;
  #exchange; // the one that is under way: {request, parser, resolve, reject, mayRepeat}
  #streamed; // the answer to a streamed response, until it was waited for
  #answers = []; // more than one where something fails after the handler has answered; the first counts

  constructor(address) {
    [this.#host, this.#port] = address.split(":");
    this.#address = address;
    process.on("exit", () => this.#flushNow());
  }

  async next() {
    await this.#postAnswers();
    const { status, headers, body } = await this.#ask("GET", "invocation/next");
    if (status !== 200) throw new Error(`Failed to get next invocation, error ${status}`);
    const get = (name) => headers[`lambda-runtime-${name}`] || undefined;
    return {
      requestId: get("aws-request-id"),
      deadlineMs: Number(get("deadline-ms")),
      functionArn: get("invoked-function-arn"),
      traceId: get("trace-id"),
      clientContext: get("client-context"),
      cognitoIdentity: get("cognito-identity"),
      tenantId: get("aws-tenant-id"),
      body,
    };
  }

  response(id, body) {
    this.#answers.push([responsePath(id), body, { "Content-Type": JSON_TYPE }]);
  }

  // One request whose body grows; that it failed midway stands in its trailers.
  stream(id) {
    this.#socket ??= this.#open();
    this.#socket.ref();
    const end = (trailers) => this.#socket?.write(`0\r\n${trailers}\r\n`);
    return {
      begin: (contentType) => {
        const head = this.#head("POST", responsePath(id), { ...STREAMING, "Content-Type": contentType });
        this.#streamed = this.#exchangeOf(head, false);
        this.#streamed.catch(() => {}); // told by the `next` that follows
      },
      chunks: (chunks, written) => {
        const lengths = (chunk) => [Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, CRLF];
        if (this.#socket) this.#socket.write(Buffer.concat(chunks.filter(({ length }) => length).flatMap(lengths)), written);
        else written(new Error("the platform has closed the connection"));
      },
      end: () => end(""),
      fail: (body, errorType) => {
        end(`${ERROR_TYPE}: ${headerSafe(errorType)}\r\n${ERROR_BODY}: ${body.toString("base64")}\r\n`);
      },
    };
  }

  error(id, body, errorType, xrayCause) {
    const headers = this.#errorHeaders(errorType);
    if (xrayCause.length < MAX_XRAY_CAUSE) headers["Lambda-Runtime-Function-XRay-Error-Cause"] = headerSafe(xrayCause);
    this.#socket?.unref();
    this.#answers.push([`invocation/${encodeURIComponent(id)}/error`, body, headers]);
  }

  initError(body, errorType, then) {
    this.#answers.push(["init/error", body, this.#errorHeaders(errorType)]);
    this.flush(then);
  }

  // The outcome is not ours to judge: the process ends either way.
  flush(then) {
    this.#postAnswers().then(then, then);
  }

  #errorHeaders(errorType) {
    return { "Content-Type": JSON_TYPE, [ERROR_TYPE]: headerSafe(errorType) };
  }

  async #postAnswers() {
    await this.#finishStream();
    while (this.#answers.length) {
      const [path, body, headers] = this.#answers.shift();
      const { status } = await this.#ask("POST", path, body, headers);
      if (status >= 300) complain(`Failed to post ${path}. Http response code: ${status}.`);
    }
  }

  async #finishStream() {
    const streamed = this.#streamed;
    if (!streamed) return;
    this.#streamed = undefined;
    const { status } = await streamed;
    if (status >= 300) complain(`Failed to stream a response. Http response code: ${status}.`);
  }

  // A handler that answers and then calls process.exit has answered.
  #flushNow() {
    const descriptor = this.#socket?._handle?.fd;
    if (!(descriptor >= 0)) return;
    for (const [path, body, headers] of this.#answers) fs.writeSync(descriptor, this.#request("POST", path, body, headers));
  }

  #request(method, path, body, headers = {}) {
    if (!body) return this.#head(method, path, headers);
    return Buffer.concat([this.#head(method, path, { ...headers, "Content-Length": body.length }), body]);
  }

  #head(method, path, headers) {
    const fields = { Host: this.#address, "User-Agent": `lambdad-node/${process.versions.node}`, ...headers };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    return Buffer.from(`${method} ${PREFIX}${path} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1");
  }

  #ask(...request) {
    return this.#exchangeOf(this.#request(...request), this.#socket !== undefined);
  }

  #exchangeOf(request, mayRepeat) {
    return new Promise((resolve, reject) => {
      this.#exchange = { request, resolve, reject, mayRepeat };
      this.#send();
    });
  }

  #send() {
    this.#socket ??= this.#open();
    this.#exchange.parser = readResponse(this.#inbox);
    this.#exchange.parser.next();
    this.#socket.ref();
    this.#socket.write(this.#exchange.request);
  }

  #open() {
    this.#inbox = new Inbox();
    const reader = this.#inbox.reader(() => this.#advance());
    const socket = net.connect({ host: this.#host, port: Number(this.#port), noDelay: true, onread: reader });
    const closed = (error) => this.#closed(socket, error);
    socket.resume();
    socket.on("error", closed);
    socket.on("end", closed);
    return socket;
  }

  #advance() {
    const step = this.#exchange?.parser.next();
    if (!step?.done) return;
    const { resolve } = this.#exchange;
    this.#exchange = undefined;
    this.#socket.unref();
    resolve(step.value);
  }

  // A kept connection that the platform has closed meanwhile is opened once more.
  #closed(socket, error = new Error("the connection was closed")) {
    if (socket !== this.#socket) return;
    this.#socket.destroy();
    this.#socket = undefined;
    const exchange = this.#exchange;
    if (!exchange) return;
    if (exchange.mayRepeat) {
      exchange.mayRepeat = false;
      this.#send();
    } else {
      exchange.reject(new Error(`Failed to get an answer from http://${this.#address}: ${error.message}`));
    }
  }
}

function complain(message) {
  process.stderr.write(`[ERROR] [${Date.now()}] LAMBDA_RUNTIME ${message}\n`);
}

module.exports = { httpApi: (address) => new HttpApi(address) };
