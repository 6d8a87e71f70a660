// Handlers for the tests. Each shows one thing; the differential test runs them under AWS's client too.
import { existsSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";

export const echo = async (event) => event;
export const constant = async () => ({ statusCode: 200, body: 'hé ☃ 😀 \u2028 \u007f \u0000 "\\/' });
export const nothing = async () => {};
export const scalars = async () => [null, undefined, true, 0, -0, 1e300, NaN, Infinity, "", new Date(0), Buffer.from("a")];
export const circular = async () => {
  const members = {};
  members.again = members;
  return members;
};
export const bigint = async () => 1n;
export const aFunction = async () => () => {};
export const toJson = async () => ({ toJSON: () => "mine" });
export const plainReturn = () => "returned";
export const thenable = () => ({ then: (resolve) => resolve("thenable") });

export const callback = (event, context, callback) => callback(null, { by: "callback" });
export const callbackLater = (event, context, callback) => void sleep(5).then(() => callback(null, "later"));
export const callbackError = (event, context, callback) => callback(new TypeError("by callback"));
export const callbackText = (event, context, callback) => callback("a text");
export const callbackObject = (event, context, callback) => callback({ some: "object" });
export const callbackTwice = (event, context, callback) => {
  callback(null, 1);
  callback(null, 2);
};
export const callbackWaits = (event, context, callback) => {
  callback(null, "answer");
  setTimeout(() => console.log("after the answer"), 20);
};
export const callbackDoesNotWait = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = false;
  setTimeout(() => console.log("never in time"), 5000);
  callback(null, "at once");
};
export const callbackThenThrow = (event, context, callback) => {
  callback(null, "answered");
  throw new Error("too late");
};
export const neverAnswers = (event, context, callback) => {};
export const done = (event, context) => context.done(null, "done");
export const succeed = (event, context) => context.succeed("succeed");
export const fail = (event, context) => context.fail(new Error("fail"));
export const failWithNothing = (event, context) => context.fail();
export const answersThenExits = (event, context) => {
  context.succeed("answered");
  process.exit(0);
};

export const throws = () => {
  throw new RangeError("thrown");
};
export const rejects = async () => {
  throw new RangeError("rejected\nover lines");
};
export const rejectsWithText = async () => {
  throw "a text";
};
export const rejectsWithNothing = () => Promise.reject();
export const rejectsWithObject = async () => {
  throw { name: "N", message: "M", stack: "S\nT" };
};
export const errorMembers = async () => {
  throw Object.assign(new Error("with members"), { code: "E_CODE", status: 404, inner: new Error("inner") });
};
export const circularError = async () => {
  const error = new Error("circular");
  error.self = error;
  throw error;
};
export const namedError = async () => {
  class Custom extends Error {
    name = "Custom\x7F";
  }
  throw new Custom("named");
};
export const unhandledRejection = async () => {
  Promise.reject(new Error("nobody waits"));
  await sleep(1000);
};
export const uncaughtException = async () => {
  setTimeout(() => {
    throw new Error("nobody catches");
  }, 1);
  await sleep(1000);
};
export const exits = async (event) => process.exit(event.code);
export const neverSettles = () => new Promise(() => {});

export const logs = async () => {
  console.trace("trace");
  console.debug("debug");
  console.info("info %s %d", "text", 5);
  console.log("log", { a: 1 }, [1]);
  console.warn("two\nlines");
  console.error("error", new Error("logged").message);
  console.fatal?.("fatal");
  console.log();
  console.log({ an: "object", nested: { b: [1] } });
};
export const logsErrors = async () => {
  const error = new TypeError("logged");
  error.stack = "TypeError: logged\n    at somewhere";
  error.code = "E";
  console.error(error);
  console.error("with a title", error);
  console.error(error, "after");
};
export const logsCircular = async () => {
  const a = {};
  a.a = a;
  console.log(a);
  console.log("x", a);
  console.log(1n);
};
export const writes = async () => {
  process.stdout.write("out\n");
  process.stderr.write("err\n");
};
export const contextFields = async (event, context) => ({
  names: Object.keys(context),
  json: context,
  remaining: context.getRemainingTimeInMillis() > 0,
  kinds: ["done", "succeed", "fail"].map((name) => typeof context[name]),
});
export const waits = async (event, context) => {
  const first = context.callbackWaitsForEmptyEventLoop;
  context.callbackWaitsForEmptyEventLoop = false;
  return [first, context.callbackWaitsForEmptyEventLoop];
};
export const environment = async () =>
  ["_X_AMZN_TRACE_ID", "_LAMBDA_TELEMETRY_LOG_FD", "_HANDLER"].map((name) => process.env[name] ?? null);
let calls = 0;
export const counts = async () => ++calls;
export const size = async (event) => ({ size: event.data.length, data: event.data });
export const nested = { inner: { handler: async () => "inner" }, text: "no function" };
export const argv = async () => [process.argv.length, typeof process.mainModule];

const { awslambda } = globalThis;
export const streams = awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType("text/plain");
  stream.write("one ");
  stream.write(Buffer.from("two"));
  stream.end();
});
export const streamsHttp = awslambda.streamifyResponse(async (event, stream, context) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { a: "b" } });
  stream.write({ json: true });
  stream.end(context.awsRequestId);
});
export const streamsAndFails = awslambda.streamifyResponse(async (event, stream) => {
  stream.write("begun");
  throw new Error("midway");
});
export const streamsNothing = awslambda.streamifyResponse(async (event, stream) => void stream.end());
export const streamsNotAtAll = awslambda.streamifyResponse(async () => {
  throw new Error("too early");
});
export const streamsWithoutPromise = awslambda.streamifyResponse((event, stream) => void stream);
export const streamsAfterItsEnd = awslambda.streamifyResponse(async (event, stream) => {
  setTimeout(() => stream.end("piped"), 20).unref();
});
export const streamsPipeline = awslambda.streamifyResponse(async (event, stream) => {
  await pipeline(Readable.from(["a", "b", "c"]), stream);
});
export const streamsAndBreaks = awslambda.streamifyResponse(async (event, stream) => {
  async function* source() {
    yield "begun";
    await new Promise((resolve) => setTimeout(resolve, 20));
    throw new Error("source");
  }
  await pipeline(Readable.from(source()), stream);
});
export const streamsTooLate = awslambda.streamifyResponse(async (event, stream) => {
  stream.write("begun");
  await new Promise((resolve) => setTimeout(resolve, 20));
  stream.destroy(new Error("write after end"));
});
export const streamsAndWaits = awslambda.streamifyResponse(async (gate, stream) => {
  stream.write("first ");
  while (!existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 5));
  stream.end("second");
});
export const streamsMuch = awslambda.streamifyResponse(async (event, stream) => {
  const piece = Buffer.alloc(64 * 1024, "x");
  let [count, waits] = [0, 0];
  for (; count < 4 << 20; count += piece.length) {
    if (stream.write(piece)) continue;
    waits += 1;
    await new Promise((resolve) => stream.once("drain", resolve));
  }
  stream.end(` ${count} ${waits}`);
});
export const streamsMark = awslambda.streamifyResponse(
  async (event, stream) => {
    stream.write(`${event} `);
    stream.end(String(stream.writableHighWaterMark));
  },
  { highWaterMark: 77 },
);
