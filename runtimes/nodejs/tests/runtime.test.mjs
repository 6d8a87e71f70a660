// The Node.js runtime against a platform made for the test, over both transports and in both generations.
import test from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ARN, Framed, Http, REQUEST_ID, event, run as runCommand } from "./fake_platform.mjs";
import { CASES, FULL, JSON_LOGS } from "./cases.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const FUNCTIONS = join(HERE, "functions");
const COMMAND = [process.execPath, join(HERE, "..", "bootstrap.cjs")];
const NODE20 = { AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x" };
const NODE24 = { AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x" };

const run = (handler, { events = [event()], environment = {}, generation = NODE20, ...rest } = {}) =>
  runCommand(COMMAND, events, {
    environment: { ...generation, _HANDLER: handler, LAMBDA_TASK_ROOT: FUNCTIONS, ...environment },
    cwd: FUNCTIONS,
    ...rest,
  });

const runCase = (name, rest = {}) => run(CASES[name].handler, { ...CASES[name], ...rest });

async function answer(handler, options) {
  const outcome = await run(handler, options);
  assert.equal(outcome.answers.length, 1, outcome.stderr);
  return outcome.answers[0];
}

const json = ({ body }) => JSON.parse(body);

async function checkResult(handler, expected, generation = NODE20) {
  const given = await answer(handler, { generation });
  assert.deepEqual([given.kind, given.body.toString()], ["response", expected], handler);
}

async function checkError(handler, errorType, errorMessage, generation = NODE20, kind = "error") {
  const given = await answer(handler, { generation });
  assert.deepEqual([given.kind, given.errorType], [kind, errorType], handler);
  assert.deepEqual(Object.keys(json(given)), ["errorType", "errorMessage", "trace"]);
  assert.deepEqual([json(given).errorType, json(given).errorMessage], [errorType, errorMessage], handler);
  return json(given);
}

const results = {
  constant: '{"statusCode":200,"body":"hé ☃ 😀 \u2028 \u007f \\u0000 \\"\\\\/"}',
  nothing: "null",
  scalars: '[null,null,true,0,0,1e+300,null,null,"","1970-01-01T00:00:00.000Z",{"type":"Buffer","data":[97]}]',
  toJson: '"mine"',
  thenable: '"thenable"',
};

test("results are JSON in both generations", async () => {
  for (const [handler, expected] of Object.entries(results)) {
    for (const generation of [NODE20, NODE24]) await checkResult(`app.${handler}`, expected, generation);
  }
});

test("up to nodejs22.x a handler answers by promise, callback, context or an empty loop", async () => {
  const expected = {
    callback: '{"by":"callback"}',
    callbackLater: '"later"',
    callbackTwice: "1",
    callbackWaits: '"answer"',
    callbackDoesNotWait: '"at once"',
    callbackThenThrow: '"answered"',
    neverAnswers: "null",
    neverSettles: "null",
    plainReturn: "null",
    done: '"done"',
    succeed: '"succeed"',
    answersThenExits: '"answered"',
    waits: "[true,false]",
  };
  for (const [handler, text] of Object.entries(expected)) await checkResult(`app.${handler}`, text);
});

test("with callbackWaitsForEmptyEventLoop the answer waits for timers", async () => {
  const { answers, frames } = await run("app.callbackWaits");
  assert.equal(answers.length, 1);
  assert.match(frames[0].text, /after the answer\n$/);
});

test("an answer that is followed by process.exit is an answer", async () => {
  for (const transport of [new Framed(), new Http()]) {
    const { answers, exitCode } = await run("app.answersThenExits", { transport });
    assert.deepEqual([answers.map((given) => given.body.toString()), exitCode], [['"answered"'], 0]);
  }
});

test("from nodejs24.x on a handler answers by its value or promise", async () => {
  await checkResult("app.plainReturn", '"returned"', NODE24);
  await checkResult("app.nested.inner.handler", '"inner"', NODE24);
  await checkResult("defaults.handler", '"default export"', NODE24);
  const { answers, exitCode } = await run("app.callback", { generation: NODE24 });
  assert.deepEqual([answers[0].kind, answers[0].errorType, exitCode], ["init-error", "Runtime.CallbackHandlerDeprecated", 1]);
  assert.match(json(answers[0]).errorMessage, /^ERROR: AWS Lambda has removed support for callback-based function handlers/);
});

test("from nodejs24.x on a promise that never settles ends the process", async () => {
  const { answers, exitCode } = await run("app.neverSettles", { generation: NODE24 });
  assert.deepEqual([answers, exitCode], [[], 0]);
});

test("errors of handlers", async () => {
  const trace = (await checkError("app.rejects", "RangeError", "rejected\nover lines")).trace;
  assert.deepEqual(trace.slice(0, 2), ["RangeError: rejected", "over lines"]);
  assert.match(trace[2], /at Runtime\.rejects \[as handler\] \(file:.*\/app\.mjs:\d+:\d+\)$/);
  await checkError("app.throws", "RangeError", "thrown");
  await checkError("app.fail", "Error", "fail");
  await checkError("app.failWithNothing", "string", "handled");
  await checkError("app.callbackError", "TypeError", "by callback");
  await checkError("app.callbackText", "string", "a text");
  await checkError("app.callbackObject", "object", "[object Object]");
  await checkError("app.rejectsWithText", "string", "a text");
  await checkError("app.rejectsWithObject", "N", "M");
  await checkError("app.rejectsWithObject", "object", "[object Object]", NODE24);
  await checkError("app.namedError", "Custom%7F", "named");
  await checkError("app.circular", "Error", "Unable to stringify response body");
  await checkError("app.circular", "Runtime.JSONStringifyError", "Unable to stringify response body", NODE24);
  await checkError("app.bigint", "Error", "Unable to stringify response body");
});

test("what nobody catches is the invocation's error, and the end", async () => {
  for (const [handler, type, message, code] of [
    ["unhandledRejection", "Runtime.UnhandledPromiseRejection", "Error: nobody waits", 128],
    ["uncaughtException", "Error", "nobody catches", 129],
  ]) {
    const { answers, exitCode, frames } = await run(`app.${handler}`);
    assert.deepEqual([answers.length, answers[0].kind, json(answers[0]).errorType], [1, "error", type]);
    assert.deepEqual([json(answers[0]).errorMessage, exitCode], [message, code]);
    assert.match(frames[0].text, /\tERROR\t(Unhandled Promise Rejection|Uncaught Exception) \t\{"errorType":/);
  }
});

test("from nodejs24.x on what nobody catches is Node's to report", async () => {
  const { answers, exitCode, stderr } = await run("app.unhandledRejection", { generation: NODE24 });
  assert.deepEqual([answers, exitCode], [[], 1]);
  assert.match(stderr, /Error: nobody waits/);
});

test("files and exports are found as in Lambda", async () => {
  const expected = {
    "cjs": '"cjs undefined"',
    "top-level await": '"top level await: 1"',
    ".cjs": '"from cjs"',
    "module by package": '"module by package"',
    "commonjs by package": '"commonjs by package"',
    "nested path": '"deep"',
    "nested.inner.handler": '"inner"',
  };
  for (const [name, text] of Object.entries(expected)) {
    for (const generation of [NODE20, NODE24]) await checkResult(CASES[name].handler, text, generation);
  }
  await checkResult("folder.handler", '"folder"');
});

test("errors of init", async () => {
  const check = async (name, type, message, code = 129) => {
    const { answers, exitCode, frames } = await runCase(name);
    assert.deepEqual([answers.length, answers[0]?.kind, answers[0]?.errorType], [1, "init-error", type], name);
    assert.match(json(answers[0]).errorMessage, message);
    assert.equal(exitCode, code);
    assert.match(frames[0].text, /\tundefined\tERROR\tUncaught Exception \t\{"errorType":/);
    return json(answers[0]);
  };
  await check("no file", "Runtime.ImportModuleError", /^Error: Cannot find module 'nowhere'\nRequire stack:\n- \/var\/runtime\/index\.mjs$/);
  await check("missing import", "Runtime.ImportModuleError", /^Error: Cannot find module 'no-such-module'\nRequire stack:\n- .*\/imports\.js\n- \/var\/runtime\/index\.mjs$/);
  await check("missing import in a module", "Error", /^Cannot find package 'no-such-module'/);
  await check("no function", "Runtime.HandlerNotFound", /^plain\.absent is undefined or not exported$/);
  await check("nested.text", "Runtime.HandlerNotFound", /^app\.nested\.text is not a function$/);
  await check("no dot", "Runtime.MalformedHandlerName", /^Bad handler$/);
  await check("dots", "Runtime.MalformedHandlerName", /^'\.\.\/functions\/plain\.handler' is not a valid handler name\./);
  const syntax = await check("syntax error", "Runtime.UserCodeSyntaxError", /^SyntaxError: Unexpected end of input$/);
  assert.equal(syntax.trace[0], "Runtime.UserCodeSyntaxError: SyntaxError: Unexpected end of input");
  await check("syntax error in a module", "Runtime.UserCodeSyntaxError", /^SyntaxError: /);
  await check("throws at load", "Error", /^at load$/);
});

test("a promise that is rejected at load ends init", async () => {
  const { answers, exitCode } = await run("rejects.handler");
  assert.deepEqual([answers[0].kind, answers[0].errorType, exitCode], ["init-error", "Runtime.UnhandledPromiseRejection", 128]);
});

test("from nodejs24.x on init errors have their own title and code", async () => {
  const { answers, exitCode, frames } = await runCase("no file", { generation: NODE24 });
  assert.deepEqual([answers[0].errorType, exitCode], ["Runtime.ImportModuleError", 1]);
  assert.match(frames[0].text, /Z\t-\tERROR\tInit Error \t\{"errorType":"Runtime\.ImportModuleError"/);
});

test("exits keep their codes", async () => {
  assert.equal((await runCase("exit 3")).exitCode, 3);
  assert.equal((await runCase("exits at load")).exitCode, 7);
  assert.equal((await runCase("unsettled top-level await")).exitCode, 13);
  assert.equal((await runCase("echo")).exitCode, 0);
});

test("a full context, in the older generation", async () => {
  const given = json(await answer("app.contextFields", { events: [event("{}", FULL)] }));
  assert.deepEqual(given.names, [
    "callbackWaitsForEmptyEventLoop", "succeed", "fail", "done", "functionVersion", "functionName", "memoryLimitInMB",
    "logGroupName", "logStreamName", "clientContext", "identity", "invokedFunctionArn", "awsRequestId", "tenantId",
    "getRemainingTimeInMillis",
  ]);
  assert.deepEqual([given.json.awsRequestId, given.json.invokedFunctionArn, given.json.tenantId], [REQUEST_ID, ARN, "tenant-1"]);
  assert.deepEqual([given.json.memoryLimitInMB, given.json.functionVersion, given.remaining], ["128", "$LATEST", true]);
  assert.deepEqual(given.json.identity, { cognitoIdentityId: "id", cognitoIdentityPoolId: "pool" });
  assert.deepEqual(given.json.clientContext, JSON.parse(FULL.clientContext));
});

test("a full context, in the newer generation", async () => {
  const given = json(await answer("app.contextFields", { events: [event("{}", FULL)], generation: NODE24 }));
  assert.deepEqual(given.names, [
    "clientContext", "identity", "invokedFunctionArn", "awsRequestId", "tenantId", "xRayTraceId", "getRemainingTimeInMillis",
    "functionName", "functionVersion", "memoryLimitInMB", "logGroupName", "logStreamName",
  ]);
  assert.deepEqual([given.json.xRayTraceId, given.kinds], [FULL.traceId, ["undefined", "undefined", "undefined"]]);
});

test("the trace is in the environment of its invocation only", async () => {
  const { answers } = await runCase("traces");
  assert.deepEqual(answers.map((given) => json(given)[0]), ["Root=1", "Root=2", null]);
  assert.equal(json(answers[0])[1], null);
});

test("the function sees Lambda's arguments and no main module", async () => {
  assert.deepEqual(json(await answer("app.argv")), [2, "undefined"]);
});

test("text records", async () => {
  const { frames } = await run("app.logs");
  const levels = frames.map(({ type }) => (type >>> 0).toString(16));
  assert.deepEqual(levels, ["7", "b", "f", "f", "13", "17", "1b", "f", "f"].map((end) => "a55a00" + end.padStart(2, "0")));
  const texts = frames.map(({ text }) => text.replace(/^[-\d]+T[:.\d]+Z/, "TIME"));
  const prefix = `TIME\t${REQUEST_ID}\t`;
  assert.deepEqual(texts.slice(0, 5), [
    `${prefix}TRACE\ttrace\n`,
    `${prefix}DEBUG\tdebug\n`,
    `${prefix}INFO\tinfo text 5\n`,
    `${prefix}INFO\tlog { a: 1 } [ 1 ]\n`,
    `${prefix}WARN\ttwo\nlines\n`,
  ]);
  assert.ok(Math.abs(frames[0].micros / 1000 - Date.now()) < 60_000);
});

test("without the telemetry descriptor a record is a line of the standard output", async () => {
  const { stdout } = await run("app.logs", { telemetry: false });
  assert.match(stdout.split("\n")[4], /\tWARN\ttwo\rlines$/);
});

test("json records", async () => {
  const { frames } = await runCase("logs as json");
  assert.equal(frames[0].type >>> 0, 0xa55a000e);
  const records = frames.map(({ text }) => JSON.parse(text));
  assert.deepEqual(Object.keys(records[0]), ["timestamp", "level", "requestId", "tenantId", "message"]);
  assert.deepEqual(records.at(-1).message, { an: "object", nested: { b: [1] } });
  assert.ok(frames.every(({ text }) => !text.endsWith("\n")));
});

test("json records of errors", async () => {
  const { frames } = await runCase("logsErrors as json");
  const [alone, titled] = frames.map(({ text }) => JSON.parse(text));
  assert.deepEqual(alone.message, {
    errorType: "TypeError", errorMessage: "logged", stackTrace: ["TypeError: logged", "    at somewhere"], code: "E",
  });
  assert.deepEqual([titled.errorType, titled.stackTrace.length], ["TypeError", 2]);
});

test("records below the level are dropped", async () => {
  assert.equal((await runCase("logs at warn")).frames.length, 3);
  assert.equal((await runCase("logs at fatal")).frames.length, 1);
});

test("every case gives the same answers over both transports", async () => {
  for (const name of ["echo", "rejects", "context, full", "state stays", "callbackLater", "no dot", "unhandledRejection"]) {
    const framed = await runCase(name);
    const http = await runCase(name, { transport: new Http() });
    const shown = ({ answers }) => answers.map(({ kind, body }) => [kind, body.toString()]);
    assert.deepEqual(shown(framed), shown(http), name);
  }
});

test("an answer and the next request are one write", async () => {
  const { writes } = await run("app.counts", { events: Array.from({ length: 20 }, () => event()) });
  assert.equal(writes, 21);
});

test("large events and results", async () => {
  const events = [event(JSON.stringify({ data: "é".repeat(3_000_000) })), event('{"data":"x"}')];
  for (const transport of [new Framed(), new Http()]) {
    const { answers } = await run("app.size", { events, transport });
    assert.deepEqual(answers.map((given) => json(given).size), [3_000_000, 1]);
  }
});

test("an http platform that sends chunks, or closes after each exchange", async () => {
  const events = [event('{"a":[1,2,3]}'), event("7")];
  for (const options of [{ chunked: true }, { closeEach: true }]) {
    const { answers } = await run("app.echo", { events, transport: new Http(options) });
    assert.deepEqual(answers.map(json), [{ a: [1, 2, 3] }, 7]);
  }
});

test("x-ray learns of the error over http", async () => {
  const { xray } = await answer("app.rejects", { transport: new Http() });
  const cause = JSON.parse(xray);
  assert.deepEqual([Object.keys(cause), cause.exceptions[0].type], [["working_directory", "exceptions", "paths"], "RangeError"]);
});

// Every way in which a streaming handler can be run.
const streaming = [NODE20, NODE24].flatMap((generation) =>
  [() => new Framed(), () => new Http()].map((transport) => ({ generation, transport })),
);

const streamed = (handler, { generation, transport }, rest = {}) =>
  answer(handler, { generation, transport: transport(), ...rest });

test("what a streaming handler writes is its answer", async () => {
  for (const way of streaming) {
    const plain = await streamed("app.streams", way);
    assert.deepEqual([plain.body.toString(), plain.contentType], ["one two", "text/plain"]);
    const withPrelude = await streamed("app.streamsHttp", way);
    assert.equal(withPrelude.body.toString(), `{"statusCode":201,"headers":{"a":"b"}}${"\0".repeat(8)}{"json":true}${REQUEST_ID}`);
    assert.equal(withPrelude.contentType, "application/vnd.awslambda.http-integration-response");
    assert.equal((await streamed("app.streamsNothing", way)).body.length, 0);
    assert.equal((await streamed("app.streamsAfterItsEnd", way)).body.toString(), "piped");
    assert.equal((await streamed("app.streamsPipeline", way)).body.toString(), "abc");
  }
});

test("a streaming handler that fails before its first byte answers an error", async () => {
  for (const way of streaming) {
    for (const [handler, words] of [["streamsNotAtAll", "too early"], ["streamsWithoutPromise", "Streaming does not support non-async handlers."]]) {
      const given = await streamed(`app.${handler}`, way);
      assert.deepEqual([given.kind, json(given).errorMessage], ["error", words]);
    }
  }
});

test("a streaming handler that fails midway says so behind what it wrote", async () => {
  for (const way of streaming) {
    for (const [handler, words] of [["streamsAndFails", "midway"], ["streamsAndBreaks", "source"], ["streamsTooLate", "write after end"]]) {
      const given = await streamed(`app.${handler}`, way);
      assert.deepEqual([given.kind, given.body.toString()], ["response", "begun"], handler);
      assert.equal(JSON.parse(given.error).errorMessage, words);
    }
  }
});

test("what a streaming handler writes goes out before it ends", async () => {
  for (const { generation, transport } of streaming) {
    const directory = mkdtempSync(join(tmpdir(), "streams-"));
    const gate = join(directory, "gate");
    const platform = transport();
    // The handler waits for a file that is there once the platform has its first piece.
    platform.onPiece = (piece) => piece.includes("first") && writeFileSync(gate, "");
    const given = await answer("app.streamsAndWaits", { generation, transport: platform, events: [event(JSON.stringify(gate))] });
    assert.equal(given.body.toString(), "first second");
    rmSync(directory, { recursive: true });
  }
});

test("a streaming handler waits for a platform that is slow", async () => {
  for (const way of streaming) {
    const [counted, waits] = (await streamed("app.streamsMuch", way)).body.toString().split(" ").slice(-2).map(Number);
    assert.equal(counted, 4 << 20);
    assert.ok(waits > 0, "write never answered false");
  }
});

test("events follow each other after streams, and the mark can be set", async () => {
  for (const { generation, transport } of streaming) {
    const { answers } = await run("app.streamsMark", { generation, transport: transport(), events: [event("1"), event("2")] });
    assert.deepEqual(answers.map(({ body }) => body.toString()), ["1 77", "2 77"]);
  }
});

// A layer's folder of packages with one package in it, as an ES module or as CommonJS.
function layerWith(t, type) {
  const layer = mkdtempSync(join(tmpdir(), "lambdad-layer-"));
  t.after(() => rmSync(layer, { recursive: true }));
  const packages = join(layer, "node_modules");
  const folder = join(packages, "lambdad-test-package");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "lambdad-test-package", type, main: "index.js" }));
  const source = type === "module" ? 'export const where = "module";' : 'exports.where = "commonjs";';
  writeFileSync(join(folder, "index.js"), source);
  return packages;
}

test("an ES module finds packages in NODE_PATH", async (t) => {
  for (const type of ["module", "commonjs"]) {
    const NODE_PATH = `/nowhere/node_modules:${layerWith(t, type)}:/var/task`;
    for (const generation of [NODE20, NODE24]) {
      const given = await answer("node_path.handler", { environment: { NODE_PATH }, generation });
      assert.deepEqual([given.kind, given.body.toString()], ["response", `"${type}"`]);
    }
  }
});

test("what is nowhere in NODE_PATH is missing as ever", async (t) => {
  const NODE_PATH = layerWith(t, "module");
  const given = await answer("node_path.handler", { environment: { NODE_PATH }, events: [event('{"missing":true}')] });
  assert.deepEqual([given.kind, given.errorType], ["error", "Error"]);
  assert.match(json(given).errorMessage, /Cannot find package 'lambdad-missing-package' imported from .*node_path\.mjs/);
  const without = await answer("node_path.handler", {});
  assert.match(json(without).errorMessage, /Cannot find package 'lambdad-test-package'/);
});
