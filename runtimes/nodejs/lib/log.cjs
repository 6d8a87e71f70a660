// console.* as AWS's runtime has it: level, time and request on every record; one frame per record on the
// telemetry descriptor where the platform gave one (drawn in runtimes/README.md), else one line of stdout.
"use strict";

const fs = require("node:fs");
const { format } = require("node:util");
const { intoError, toLogText } = require("./errors.cjs");
const { generation, PROMISES } = require("./generation.cjs");

const FRAME_TEXT = 0xa55a0003;
const FRAME_JSON = 0xa55a0002;
const FRAME_HEADER = 16;

const LEVELS = {
  TRACE: { name: "TRACE", priority: 1, bits: 0x04 },
  DEBUG: { name: "DEBUG", priority: 2, bits: 0x08 },
  INFO: { name: "INFO", priority: 3, bits: 0x0c },
  WARN: { name: "WARN", priority: 4, bits: 0x10 },
  ERROR: { name: "ERROR", priority: 5, bits: 0x14 },
  FATAL: { name: "FATAL", priority: 6, bits: 0x18 },
};

// Other libraries look the running invocation up under these names.
const REQUEST_ID = Symbol.for("aws.lambda.runtime.requestId");
const TENANT_ID = Symbol.for("aws.lambda.runtime.tenantId");

function setInvocation(requestId, tenantId) {
  globalThis[REQUEST_ID] = requestId;
  globalThis[TENANT_ID] = tenantId;
}

const requestId = () => globalThis[REQUEST_ID] ?? (generation === PROMISES ? "-" : undefined);

const wantsJson = (process.env.AWS_LAMBDA_LOG_FORMAT ?? "").toUpperCase() === "JSON";

function textRecord(date, level, message, params) {
  return `${date.toISOString()}\t${requestId()}\t${level.name}\t${format(message, ...params)}`;
}

const stackLines = (error) => (typeof error.stack === "string" ? error.stack.split("\n") : error.stack);

function errorMembers(error) {
  return {
    errorType: error.constructor?.name ?? "UnknownError",
    errorMessage: error.message,
    stackTrace: stackLines(error),
  };
}

const readableErrors = (_, value) => (value instanceof Error ? Object.assign(errorMembers(value), value) : value);

function jsonRecord(date, level, message, params) {
  const record = { timestamp: date.toISOString(), level: level.name, requestId: requestId() };
  const tenantId = globalThis[TENANT_ID];
  if (tenantId !== undefined && tenantId !== null) record.tenantId = tenantId;
  if (params.length === 0) return loneMessage(record, message);
  record.message = format(message, ...params);
  const error = (generation === PROMISES ? params : [message, ...params]).find((param) => param instanceof Error);
  if (error) Object.assign(record, errorMembers(error), { stackTrace: stackLines(error) ?? [] });
  return JSON.stringify(record);
}

// An object that is logged alone stays an object.
function loneMessage(record, message) {
  try {
    return JSON.stringify({ ...record, message }, readableErrors);
  } catch {
    return JSON.stringify({ ...record, message: format(message) });
  }
}

function toStdout(_date, _level, record) {
  process.stdout.write(record.replaceAll("\n", "\r") + "\n");
}

// The descriptor may be a pipe that is full for the moment.
function writeWhole(fd, frame) {
  for (let sent = 0; sent < frame.length; ) {
    try {
      sent += fs.writeSync(fd, frame, sent);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

function toTelemetry(fd) {
  const base = wantsJson ? FRAME_JSON : FRAME_TEXT;
  const end = wantsJson ? "" : "\n";
  return (date, level, record) => {
    const body = Buffer.from(record + end, "utf8");
    const frame = Buffer.allocUnsafe(FRAME_HEADER + body.length);
    frame.writeUInt32BE((base | level.bits) >>> 0, 0);
    frame.writeUInt32BE(body.length, 4);
    frame.writeBigUInt64BE(BigInt(date.valueOf()) * 1000n, 8);
    body.copy(frame, FRAME_HEADER);
    writeWhole(fd, frame);
  };
}

// The variable is the platform's word to us, not for the function's eyes.
function takeSink() {
  const given = process.env._LAMBDA_TELEMETRY_LOG_FD;
  delete process.env._LAMBDA_TELEMETRY_LOG_FD;
  return given === undefined ? toStdout : toTelemetry(parseInt(given, 10));
}

function patchConsole() {
  const write = takeSink();
  const record = wantsJson ? jsonRecord : textRecord;
  const least = LEVELS[process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase()] ?? LEVELS.TRACE;
  const logger = (level) => {
    if (level.priority < least.priority) return () => {};
    return (message, ...params) => {
      const now = new Date();
      write(now, level, record(now, level, message, params));
    };
  };
  for (const level of Object.values(LEVELS)) console[level.name.toLowerCase()] = logger(level);
  console.log = console.info;
}

// An error that the runtime tells of: in JSON the error itself, in text its title and then the error as JSON.
function logError(title, error) {
  if (wantsJson) console.error(intoError(error));
  else console.error(title, toLogText(intoError(error)));
}

module.exports = { patchConsole, logError, setInvocation };
