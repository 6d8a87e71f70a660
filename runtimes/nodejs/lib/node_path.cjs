// Lets ES modules find packages in NODE_PATH (layers, the SDK), as AWS's runtime does: by itself Node.js looks there for
// CommonJS only. Nothing is registered where the folders of NODE_PATH hold nothing.
"use strict";

const fs = require("node:fs");
const nodeModule = require("node:module");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const NOT_FOUND = "ERR_MODULE_NOT_FOUND";
const BARE = /^[^./][^:]*$/s;

function holdsSomething(folder) {
  try {
    return fs.readdirSync(folder).length > 0;
  } catch {
    return false;
  }
}

// A file beside each folder that holds packages: what it imports is looked for in that folder.
function parents() {
  const folders = (process.env.NODE_PATH ?? "").split(path.delimiter);
  const packages = folders.filter((folder) => path.basename(folder) === "node_modules" && holdsSomething(folder));
  return packages.map((folder) => pathToFileURL(path.join(path.dirname(folder), "parent.mjs")).href);
}

// Called before the first ES module is imported.
function searchForModules() {
  const found = parents();
  if (found.length === 0 || searchForModules.done) return;
  searchForModules.done = true;
  if (nodeModule.registerHooks) return nodeModule.registerHooks({ resolve: (...given) => resolve(found, ...given) });
  // Before 22.15 hooks run on a thread of their own.
  nodeModule.register?.("./node_path_hooks.mjs", pathToFileURL(__filename), { data: found });
}

function resolve(found, specifier, context, next) {
  try {
    return next(specifier, context);
  } catch (error) {
    if (error?.code !== NOT_FOUND || !BARE.test(specifier)) throw error;
    for (const parentURL of found) {
      try {
        return next(specifier, { ...context, parentURL });
      } catch (other) {
        if (other?.code !== NOT_FOUND) throw other;
      }
    }
    throw error;
  }
}

module.exports = { searchForModules, NOT_FOUND, BARE };
