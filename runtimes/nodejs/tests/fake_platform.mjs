// A platform for one runtime process: it gives events over either transport and keeps all that comes back.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const REQUEST_ID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
export const ARN = "arn:aws:lambda:us-east-1:123456789012:function:f";
const PLATFORM_ADDRESS = "169.254.100.1:9001";
const TELEMETRY_FD = 3;

const ENVIRONMENT = {
  AWS_LAMBDA_FUNCTION_NAME: "f",
  AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
  AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/f",
  AWS_LAMBDA_LOG_STREAM_NAME: "2026/11/23/f[$LATEST]0123",
  LANG: "en_US.UTF-8",
  TZ: ":UTC",
  PATH: "/usr/bin:/bin",
};

export function event(body = "{}", header = {}) {
  return { body: Buffer.from(body), header: { id: REQUEST_ID, deadlineMs: 4102444800000, arn: ARN, ...header } };
}

// The platform's end of the Unix socket.
export class Framed {
  async listen(directory) {
    this.path = join(directory, "runtime.sock");
    this.address = PLATFORM_ADDRESS;
    this.server = net.createServer((socket) => this.#talk(socket));
    await new Promise((resolve) => this.server.listen(this.path, resolve));
    return ["--socket", this.path];
  }

  #talk(socket) {
    let unread = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (data) => {
      this.outcome.writes += 1;
      unread = Buffer.concat([unread, data]);
      while (unread.length >= 8) {
        const [head, body] = [unread.readUInt32BE(0), unread.readUInt32BE(4)];
        if (unread.length < 8 + head + body) return;
        const header = JSON.parse(unread.subarray(8, 8 + head));
        this.#understand(socket, header, Buffer.from(unread.subarray(8 + head, 8 + head + body)));
        unread = unread.subarray(8 + head + body);
      }
    });
  }

  #understand(socket, header, body) {
    if (header.type === "next") this.#next(socket);
    else if (header.type === "response-begin") this.streamed = { ...header, kind: "response", pieces: [] };
    else if (header.type === "response-chunk") this.#piece(body);
    else if (this.streamed) this.#endStream(header, body);
    else this.outcome.answers.push({ kind: header.type, ...header, body });
  }

  #next(socket) {
    if (this.events.length) socket.write(Framed.invoke(this.events.shift()));
    else socket.end();
  }

  #piece(body) {
    this.streamed.pieces.push(body.toString());
    this.onPiece?.(body.toString());
  }

  // An error is the end of a streamed answer too.
  #endStream({ errorType }, error) {
    const { pieces, ...answer } = this.streamed;
    const failed = errorType && { errorType, error };
    this.outcome.answers.push({ ...answer, ...failed, pieces, body: Buffer.from(pieces.join("")) });
    this.streamed = undefined;
  }

  static invoke({ header, body }) {
    const head = Buffer.from(JSON.stringify({ type: "invoke", ...header }));
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32BE(head.length, 0);
    lengths.writeUInt32BE(body.length, 4);
    return Buffer.concat([lengths, head, body]);
  }
}

const HEADERS = {
  id: "Lambda-Runtime-Aws-Request-Id",
  deadlineMs: "Lambda-Runtime-Deadline-Ms",
  arn: "Lambda-Runtime-Invoked-Function-Arn",
  traceId: "Lambda-Runtime-Trace-Id",
  clientContext: "Lambda-Runtime-Client-Context",
  cognitoIdentity: "Lambda-Runtime-Cognito-Identity",
  tenantId: "Lambda-Runtime-Aws-Tenant-Id",
};

// The Runtime API on loopback. After the last event it kills the runtime, which would else wait forever.
export class Http {
  constructor({ chunked = false, closeEach = false } = {}) {
    Object.assign(this, { chunked, closeEach });
  }

  async listen() {
    this.server = http.createServer((request, response) => this.#respond(request, response));
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.address = `127.0.0.1:${this.server.address().port}`;
    return [];
  }

  async #respond(request, response) {
    const body = await this.#read(request);
    if (this.closeEach) response.setHeader("Connection", "close");
    if (request.method === "POST") {
      this.outcome.answers.push(Http.#answer(request, body));
      response.writeHead(202).end('{"status":"OK"}\n');
    } else if (this.events.length) {
      this.#give(response, this.events.shift());
    } else {
      this.child.kill("SIGKILL");
    }
  }

  async #read(request) {
    const pieces = [];
    for await (const piece of request) {
      pieces.push(piece);
      this.onPiece?.(piece.toString());
    }
    return Buffer.concat(pieces);
  }

  static #answer({ url, headers, trailers }, body) {
    const parts = url.split("/");
    const isInit = parts[3] === "init";
    const failed = trailers["lambda-runtime-function-error-type"] !== undefined && {
      errorType: trailers["lambda-runtime-function-error-type"],
      error: Buffer.from(trailers["lambda-runtime-function-error-body"], "base64"),
    };
    return {
      mode: headers["lambda-runtime-function-response-mode"],
      kind: isInit ? "init-error" : parts[5],
      id: isInit ? undefined : parts[4],
      errorType: headers["lambda-runtime-function-error-type"],
      xray: headers["lambda-runtime-function-xray-error-cause"],
      contentType: headers["content-type"],
      body,
      ...failed,
    };
  }

  #give(response, { header, body }) {
    for (const [name, value] of Object.entries(header)) response.setHeader(HEADERS[name], Buffer.from(String(value)).toString("latin1"));
    response.setHeader("Content-Type", "application/json");
    if (this.chunked) {
      response.write(body.subarray(0, body.length >> 1));
      response.end(body.subarray(body.length >> 1));
    } else {
      response.setHeader("Content-Length", body.length).end(body);
    }
  }
}

// {type, micros, text} of each telemetry frame; fails on a frame that is cut.
export function parseFrames(data) {
  const frames = [];
  for (let at = 0; at < data.length; ) {
    const length = data.readUInt32BE(at + 4);
    if (data.length < at + 16 + length) throw new Error("a frame is cut");
    const text = data.toString("utf8", at + 16, at + 16 + length);
    frames.push({ type: data.readUInt32BE(at), micros: Number(data.readBigUInt64BE(at + 8)), text });
    at += 16 + length;
  }
  return frames;
}

async function collect(stream) {
  return stream ? Buffer.concat(await stream.toArray()) : Buffer.alloc(0);
}

// Start `command` (the transport's arguments are appended), give it the events, and wait for its end.
export async function run(command, events, { transport = new Framed(), environment = {}, telemetry = true, cwd } = {}) {
  const directory = mkdtempSync(join(tmpdir(), "runtime-"));
  const outcome = { answers: [], writes: 0 };
  const options = await transport.listen(directory);
  Object.assign(transport, { events: [...events], outcome });
  const env = { ...ENVIRONMENT, AWS_LAMBDA_RUNTIME_API: transport.address, ...environment };
  if (telemetry) env._LAMBDA_TELEMETRY_LOG_FD = String(TELEMETRY_FD);
  const stdio = ["ignore", "pipe", "pipe", telemetry ? "pipe" : "ignore"];
  const child = spawn(command[0], [...command.slice(1), ...options], { env, cwd, stdio });
  transport.child = child;
  const exited = new Promise((resolve) => child.on("exit", (code, signal) => resolve(code ?? signal)));
  const [exitCode, stdout, stderr, frames] = await Promise.all([exited, ...child.stdio.slice(1).map(collect)]);
  transport.server.close();
  transport.server.closeAllConnections?.();
  rmSync(directory, { recursive: true });
  return Object.assign(outcome, { exitCode, stdout: stdout.toString(), stderr: stderr.toString(), frames: parseFrames(frames) });
}
