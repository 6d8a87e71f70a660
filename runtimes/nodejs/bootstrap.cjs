// The start of a Node.js environment: console, connection, handler, then the loop.
//
// Run as `/var/lang/bin/node [flags] /var/runtime/bootstrap.cjs`. It is a CommonJS file because that saves the
// start of the ES module loader (10 ms) for functions that don't need it. What follows differs between two
// generations of AWS's client: up to nodejs22.x handlers may use callbacks, from nodejs24.x on they may not.
"use strict";

const { generation, CALLBACKS } = require("./lib/generation.cjs");
const { patchConsole, logError } = require("./lib/log.cjs");
const { connect } = require("./lib/client.cjs");
const { defineGlobals, load, metadata } = require("./lib/user_function.cjs");
const { UnhandledPromiseRejection, CallbackHandlerDeprecated } = require("./lib/errors.cjs");

const UNSETTLED_TOP_LEVEL_AWAIT = 13; // Node's own exit code for it

const CALLBACKS_REMOVED =
  "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to " +
  "modify this function to use a supported handler signature to use Node.js 24 or later. For more information see " +
  "https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.";

// `--socket PATH` is for tests; a function sees Lambda's process.argv.
function takeSocketOption(argv) {
  const at = argv.indexOf("--socket");
  return at < 0 ? undefined : argv.splice(at, 2)[1];
}

// In Lambda the main module is an ES module, which leaves no `require.main`.
function hideMainModule() {
  process.mainModule = undefined;
}

// While a handler loads, a loop that runs empty means that its top-level await will never end.
async function loadHandler() {
  const unsettled = (code) => {
    if (code === 0) process.exitCode = UNSETTLED_TOP_LEVEL_AWAIT;
  };
  process.once("exit", unsettled);
  try {
    return await load(process.env.LAMBDA_TASK_ROOT ?? "/var/task", process.env._HANDLER ?? "");
  } finally {
    process.off("exit", unsettled);
  }
}

// Up to nodejs22.x: what nobody catches ends the process, and is told as the error of the invocation or of init.
function reportUncaught(client, current) {
  const report = (title, code) => (error) => {
    logError(title, error);
    const exit = () => process.exit(code);
    if (current.requestId === undefined) client.initError(error, exit);
    else client.errorAndThen(current.requestId, error, exit);
  };
  const uncaught = report("Uncaught Exception", 129);
  const rejected = report("Unhandled Promise Rejection", 128);
  process.on("uncaughtException", uncaught);
  process.on("unhandledRejection", (reason, promise) => rejected(new UnhandledPromiseRejection(reason, promise)));
  return uncaught;
}

async function startWithCallbacks(client) {
  const current = { requestId: undefined };
  const uncaught = reportUncaught(client, current);
  const { Runtime, StreamingRuntime } = require("./lib/callback_runtime.cjs");
  try {
    const handler = await loadHandler();
    const Loop = metadata(handler).streaming ? StreamingRuntime : Runtime;
    new Loop(client, handler, current, uncaught).scheduleIteration();
  } catch (error) {
    uncaught(error);
  }
}

async function startWithPromises(client) {
  const { serve } = require("./lib/promise_runtime.cjs");
  let handler, streaming;
  try {
    handler = await loadHandler();
    streaming = metadata(handler).streaming;
    if (!streaming && handler.length >= 3) throw new CallbackHandlerDeprecated(CALLBACKS_REMOVED);
  } catch (error) {
    logError("Init Error", error);
    await new Promise((sent) => client.initError(error, sent));
    throw error; // Node prints it and exits with 1
  }
  await serve(client, handler, streaming);
}

function main() {
  const socketPath = takeSocketOption(process.argv);
  hideMainModule();
  patchConsole();
  defineGlobals();
  const client = connect(socketPath);
  return generation === CALLBACKS ? startWithCallbacks(client) : startWithPromises(client);
}

main();
