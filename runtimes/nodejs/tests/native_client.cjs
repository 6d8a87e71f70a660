// Stands in for the compiled half of AWS's client (rapid-client.node: libcurl, minutes to build), so that its
// JavaScript runs unchanged in the differential test. Load with `node --require`.
"use strict";

const http = require("node:http");
const Module = require("node:module");

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
let posted = Promise.resolve();

function exchange(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const options = { hostname, port, agent, method, path: "/2018-06-01/runtime/invocation/" + path, headers };
    const request = http.request(options, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString("utf8") }));
    });
    request.on("error", reject).end(body);
  });
}

// The compiled client passes on these headers, and no others; the deadline is a number there.
function headersOf(headers) {
  const names = ["aws-request-id", "trace-id", "invoked-function-arn", "client-context", "cognito-identity", "aws-tenant-id"];
  const kept = names.map((name) => `lambda-runtime-${name}`).filter((name) => headers[name]);
  const deadline = { "lambda-runtime-deadline-ms": Number(headers["lambda-runtime-deadline-ms"]) };
  return Object.assign(deadline, Object.fromEntries(kept.map((name) => [name, headers[name]])));
}

// There posting blocks until the platform has answered; here the process is only kept from exiting before.
const exit = process.exit;
process.exit = (code) => {
  posted.then(() => exit(code));
};

function post(path, body, headers) {
  if (typeof body !== "string") throw new TypeError("Wrong arguments");
  posted = posted.then(() => exchange("POST", path, body, headers));
}

const client = {
  async next() {
    await posted;
    const { headers, body } = await exchange("GET", "next");
    return { bodyJson: body, headers: headersOf(headers) };
  },
  done: (id, body) => post(`${id}/response`, body, { "content-type": "application/json" }),
  error: (id, body, cause) =>
    post(`${id}/error`, body, {
      "content-type": "application/json",
      "lambda-runtime-function-xray-error-cause": Buffer.from(cause).toString("latin1"),
    }),
};

Module._extensions[".node"] = (module) => {
  module.exports = client;
};
const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  return request.endsWith("/rapid-client.node") ? "/rapid-client.node" : resolve.call(this, request, ...rest);
};
