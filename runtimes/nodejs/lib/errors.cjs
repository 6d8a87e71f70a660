// Errors as payloads, as log text and as X-Ray causes, in AWS's words and key order.
"use strict";

const { types } = require("node:util");
const { generation, PROMISES } = require("./generation.cjs");

const UNREADABLE =
  "callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack";

// An error class of type `Runtime.<name>`. Where AWS's client keeps the name shows in stacks and log records:
// the older one on the prototype, the newer one among the error's own members.
function runtimeError(name, extend = Error) {
  const Named = class extends extend {
    constructor(...given) {
      super(...given);
      if (generation === PROMISES) this.name = `Runtime.${name}`;
    }
  };
  Object.defineProperty(Named, "name", { value: name });
  if (generation !== PROMISES) Named.prototype.name = `Runtime.${name}`;
  return Named;
}

class Rejection extends Error {
  constructor(reason, promise) {
    super(typeof reason === "symbol" ? String(reason) : reason);
    this.reason = reason;
    this.promise = promise;
  }
}

class SyntaxFault extends Error {
  constructor(cause) {
    super(cause);
    if (generation === PROMISES) this.stack = cause.stack;
  }
}

const errors = {
  ImportModuleError: runtimeError("ImportModuleError"),
  HandlerNotFound: runtimeError("HandlerNotFound"),
  MalformedHandlerName: runtimeError("MalformedHandlerName"),
  MalformedStreamingHandler: runtimeError("MalformedStreamingHandler"),
  InvalidStreamingOperation: runtimeError("InvalidStreamingOperation"),
  CallbackHandlerDeprecated: runtimeError("CallbackHandlerDeprecated"),
  JSONStringifyError: runtimeError("JSONStringifyError"),
  UserCodeSyntaxError: runtimeError("UserCodeSyntaxError", SyntaxFault),
  UnhandledPromiseRejection: runtimeError("UnhandledPromiseRejection", Rejection),
};

const isText = (value) => typeof value === "string" && value !== "";

function isError(value) {
  if (generation === PROMISES) return value instanceof Error;
  return types.isNativeError(value) || Boolean(value && isText(value.name) && isText(value.message) && isText(value.stack));
}

const intoError = (value) => {
  if (value instanceof Error) return value;
  return new Error(generation === PROMISES ? String(value) : value);
};

// DEL is what HTTP headers cannot carry; AWS escapes it everywhere.
const withoutDel = (text) => text?.replaceAll("\x7F", "%7F");

function traceOf(error) {
  if (generation === PROMISES) return withoutDel(error.stack)?.split("\n") ?? [];
  return withoutDel(error.stack).split("\n");
}

// The payload of an error: {errorType, errorMessage, trace}.
function toPayload(error) {
  try {
    if (isError(error)) {
      return { errorType: withoutDel(error.name), errorMessage: withoutDel(error.message), trace: traceOf(error) };
    }
    const message = generation === PROMISES ? String(error) : error.toString();
    return { errorType: typeof error, errorMessage: message, trace: [] };
  } catch {
    const payload = { errorType: "handled", errorMessage: UNREADABLE };
    return generation === PROMISES ? { ...payload, trace: [] } : payload;
  }
}

function withEnumerableMembers(value) {
  if (!(value instanceof Error)) return value;
  const shown = Object.assign({ errorType: value.name, errorMessage: value.message, code: value.code }, value);
  if (typeof value.stack === "string") shown.stack = value.stack.split("\n");
  return shown;
}

// An error in a text log: one JSON object, behind a tab.
function toLogText(error) {
  try {
    return "\t" + JSON.stringify(error, (_, value) => withEnumerableMembers(value));
  } catch {
    return "\t" + JSON.stringify(toPayload(error)); // circular members
  }
}

// "    at label (path:line:column)" or "    at path:line:column"
function xrayFrame(stackLine) {
  const words = stackLine.trim().replace(/[()]/g, "").replace(/^\S*\s/, "");
  const space = words.lastIndexOf(" ");
  const [path, line] = words.slice(space + 1).split(":");
  return { path, line: parseInt(line, 10), label: words.slice(0, Math.max(space, 0)) || "anonymous" };
}

// The error as X-Ray's segment wants it, as JSON; empty where the error cannot be read.
function toXRayCause(error) {
  try {
    const stack = (withoutDel(error.stack) ?? "").split("\n").slice(1).map(xrayFrame);
    return JSON.stringify({
      working_directory: process.cwd(),
      exceptions: [{ type: withoutDel(error.name), message: withoutDel(error.message), stack }],
      paths: [...new Set(stack.map((frame) => frame.path))],
    });
  } catch {
    return "";
  }
}

// A handler's result as JSON. What JSON has no text for is `null` only where it is undefined.
function toResult(value) {
  let text;
  try {
    text = JSON.stringify(value === undefined ? null : value);
  } catch {
    const words = "Unable to stringify response body";
    throw generation === PROMISES ? new errors.JSONStringifyError(words) : new Error(words);
  }
  if (text === undefined) throw new TypeError("Wrong arguments"); // a function or symbol: AWS's words
  return text;
}

module.exports = { ...errors, intoError, toPayload, toLogText, toXRayCause, toResult };
