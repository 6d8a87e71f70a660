// Finding and loading the handler, by the rules of AWS's client.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { createRequire } = require("node:module");
const { generation, PROMISES } = require("./generation.cjs");
const errors = require("./errors.cjs");
const { searchForModules } = require("./node_path.cjs");

// The file that AWS's runtime requires functions from: its name shows in "Require stack" of what isn't found.
const userRequire = createRequire("/var/runtime/index.mjs");

const HANDLER = /^([^.]*)\.(.*)$/s;
const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const HIGH_WATER_MARK = Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark");
const STREAM_RESPONSE = "response";

// "folder/module.nested.function" -> its three parts.
function splitHandler(handler) {
  if (handler.includes("..")) {
    const words = "is not a valid handler name. Use absolute paths when specifying root directories in handler names.";
    throw new errors.MalformedHandlerName(`'${handler}' ${words}`);
  }
  const file = path.basename(handler);
  const match = HANDLER.exec(file);
  if (!match) throw new errors.MalformedHandlerName("Bad handler");
  return { folder: handler.slice(0, handler.indexOf(file)), module: match[1], property: match[2] };
}

const requireIfThere = (file) => (fs.existsSync(file) ? userRequire(file) : undefined);

async function importIfThere(file) {
  if (!fs.existsSync(file)) return undefined;
  searchForModules();
  return await import(file);
}

// The nearest package.json decides whether a .js file is an ES module.
function isInModulePackage(folder) {
  if (folder.endsWith("/node_modules")) return false;
  const file = path.join(folder, "package.json");
  if (fs.existsSync(file)) return readsAsModule(file);
  return folder !== "/" && isInModulePackage(path.dirname(folder));
}

function readsAsModule(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"))?.type === "module";
  } catch (error) {
    console.warn(`${file} cannot be read, it will be ignored for ES module detection purposes.`, error);
    return false;
  }
}

// Up to nodejs22.x: CommonJS unless the package says otherwise.
async function loadFileEither(base) {
  const bare = requireIfThere(base);
  if (bare) return bare;
  const isModule = fs.existsSync(base + ".js") && isInModulePackage(path.dirname(base));
  const js = isModule ? await importIfThere(base + ".js") : requireIfThere(base + ".js");
  return js || (await importIfThere(base + ".mjs")) || requireIfThere(base + ".cjs");
}

// From nodejs24.x on: everything is imported.
async function loadFileAsModule(base) {
  for (const extension of ["", ".js", ".mjs", ".cjs"]) {
    const loaded = await importIfThere(base + extension);
    if (loaded) return loaded;
  }
  return undefined;
}

async function loadModule(root, folder, name) {
  const base = path.resolve(root, folder, name);
  const loaded = generation === PROMISES ? await loadFileAsModule(base) : await loadFileEither(base);
  if (loaded) return loaded;
  const paths = [root, generation === PROMISES ? path.join(root, folder) : folder];
  return userRequire(userRequire.resolve(name, { paths }));
}

async function loadUserModule(root, folder, name) {
  try {
    return await loadModule(root, folder, name);
  } catch (error) {
    if (error instanceof SyntaxError) throw new errors.UserCodeSyntaxError(error);
    if (error?.code === "MODULE_NOT_FOUND") throw new errors.ImportModuleError(error);
    throw error;
  }
}

function find(property, start) {
  const step = (nested, key) => {
    if (generation === PROMISES && typeof nested !== "object") return undefined;
    return nested && nested[key];
  };
  return property.split(".").reduce(step, start);
}

// The handler function. Throws errors of type Runtime.*, or what the function's own code threw.
async function load(root, handler) {
  const { folder, module, property } = splitHandler(handler);
  const loaded = await loadUserModule(root, folder, module);
  let found = find(property, loaded);
  if (!found && generation === PROMISES && loaded !== null && typeof loaded === "object" && "default" in loaded) {
    found = find(property, loaded.default);
  }
  if (!found) throw new errors.HandlerNotFound(`${handler} is undefined or not exported`);
  if (typeof found !== "function") throw new errors.HandlerNotFound(`${handler} is not a function`);
  return found;
}

// {streaming, highWaterMark}: whether the handler was wrapped by awslambda.streamifyResponse, and how.
function metadata(handler) {
  const mark = handler[STREAMING];
  if (!mark) return { streaming: false };
  if (mark === STREAM_RESPONSE) return { streaming: true, highWaterMark: handler[HIGH_WATER_MARK] };
  throw new errors.MalformedStreamingHandler("Only response streaming is supported.");
}

function streamifyResponse(handler, options) {
  handler[STREAMING] = STREAM_RESPONSE;
  if (typeof options?.highWaterMark === "number") handler[HIGH_WATER_MARK] = parseInt(options.highWaterMark, 10);
  return handler;
}

// The global `awslambda`, which functions use without importing anything.
function defineGlobals() {
  if (["1", "true"].includes(process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) return;
  const { HttpResponseStream } = require("./response_stream.cjs");
  globalThis.awslambda = { ...globalThis.awslambda, streamifyResponse, HttpResponseStream };
}

module.exports = { load, metadata, defineGlobals };
