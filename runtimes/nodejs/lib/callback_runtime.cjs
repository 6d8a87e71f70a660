// The loop up to nodejs22.x: a handler answers by its promise, by its callback, or by letting the event loop run
// empty. The order of the steps is that of AWS's client, because functions can see it.
"use strict";

const { begin, environment, forwardTrace, received } = require("./context.cjs");
const { logError } = require("./log.cjs");
const { metadata } = require("./user_function.cjs");

const ALREADY_DONE =
  "Invocation has already been reported as done. Cannot call complete more than once per invocation.";

const isPromise = (value) => value && value.then && typeof value.then === "function";

// What an empty event loop means right now.
const emptyLoop = { then: () => {} };
process.on("beforeExit", () => emptyLoop.then());

// One invocation's answer: whoever calls first of callback, succeed, fail and done gives it.
class Answer {
  #client;
  #requestId;
  #scheduleNext;
  #completed = false;
  #finished = false;
  #waitForEmptyEventLoop = true;

  constructor(client, requestId, scheduleNext) {
    this.#client = client;
    this.#requestId = requestId;
    this.#scheduleNext = scheduleNext;
    this.callback = this.#once((error, result) => this.#callback(error, result));
  }

  context() {
    const waits = { get: () => this.#waitForEmptyEventLoop, set: (value) => (this.#waitForEmptyEventLoop = value) };
    const done = (error, result) => this.#done(error, result);
    const context = {
      succeed: this.#once((result) => done(null, result)),
      fail: this.#once((error) => done(error ?? "handled", null)),
      done: this.#once(done),
    };
    return Object.assign(
      Object.defineProperty({}, "callbackWaitsForEmptyEventLoop", { ...waits, enumerable: true, configurable: true }),
      context,
    );
  }

  // A handler without an answer answers null when nothing is left to do.
  nothing() {
    this.#completed = true;
    this.#client.response(this.#requestId, null);
    this.#scheduleNext();
  }

  #once(call) {
    return (...given) => {
      if (this.#finished) return;
      call(...given);
      this.#finished = true;
    };
  }

  #callback(error, result) {
    if ((error !== undefined && error !== null) || !this.#waitForEmptyEventLoop) {
      this.#done(error, result);
    } else {
      emptyLoop.then = () => setImmediate(() => this.#complete(result));
    }
  }

  #done(error, result) {
    emptyLoop.then = () => {};
    if (error !== undefined && error !== null) this.#fail(error);
    else this.#complete(result);
  }

  #complete(result) {
    if (this.#completed) {
      console.error(ALREADY_DONE);
      return;
    }
    this.#completed = true;
    this.#client.response(this.#requestId, result);
    this.#scheduleNext();
  }

  #fail(error) {
    logError("Invoke Error", error);
    this.#client.error(this.#requestId, error);
    this.#scheduleNext();
  }
}

// The names of this class and its method stand in the stack traces that functions log: they are AWS's.
class Runtime {
  constructor(client, handler, current, uncaught) {
    this.client = client;
    this.handler = handler;
    this.current = current;
    this.uncaught = uncaught;
  }

  scheduleIteration() {
    setImmediate(() => this.handleOnce().catch(this.uncaught));
  }

  handleOnce() {
    return this.handleOnceNonStreaming();
  }

  async nextInvocation() {
    const invocation = await this.client.next();
    begin(invocation);
    this.current.requestId = invocation.requestId;
    return invocation;
  }

  async handleOnceNonStreaming() {
    const invocation = await this.nextInvocation();
    const answer = new Answer(this.client, invocation.requestId, () => this.scheduleIteration());
    try {
      emptyLoop.then = () => answer.nothing();
      const event = JSON.parse(invocation.body);
      const context = contextOf(invocation, answer.context());
      const result = this.handler(event, context, answer.callback);
      if (isPromise(result)) result.then(context.succeed, context.fail).catch(context.fail);
    } catch (error) {
      answer.callback(error);
    }
  }
}

// `context` is written into, not spread: a copy would lose the setter of callbackWaitsForEmptyEventLoop.
function contextOf(invocation, context) {
  forwardTrace(invocation.traceId);
  return Object.assign(context, environment(), received(invocation));
}

// A streaming handler's loop: without callbacks, but what it left running is waited for. Stack traces call it Runtime too.
const Buffered = Runtime;
const StreamingRuntime = class Runtime extends Buffered {
  handleOnce() {
    return this.handleOnceStreaming();
  }

  async handleOnceStreaming() {
    const { respond } = require("./response_stream.cjs");
    const { highWaterMark } = metadata(this.handler);
    const invocation = await this.nextInvocation();
    emptyLoop.then = () => this.scheduleIteration();
    const outlet = this.client.stream(invocation.requestId);
    const context = contextOf(invocation, { callbackWaitsForEmptyEventLoop: true });
    try {
      const handler = (...given) => this.handler(...given);
      await respond(handler, JSON.parse(invocation.body), context, outlet, highWaterMark);
    } catch (error) {
      logError("Invoke Error", error);
      this.client.error(invocation.requestId, error);
    }
    emptyLoop.then = () => {};
    if (context.callbackWaitsForEmptyEventLoop) emptyLoop.then = () => this.scheduleIteration();
    else this.scheduleIteration();
  }
};

module.exports = { Runtime, StreamingRuntime };
