// Which generation of AWS's Node.js client the function was written for.
"use strict";

const CALLBACKS = "callbacks"; // nodejs18.x to nodejs22.x
const PROMISES = "promises"; // nodejs24.x and later
const FIRST_WITHOUT_CALLBACKS = 24;

// The runtime's name decides; the interpreter may be the nearest that the host has.
function majorVersion() {
  const named = /^AWS_Lambda_nodejs(\d+)\.x$/.exec(process.env.AWS_EXECUTION_ENV ?? "");
  return Number(named ? named[1] : process.versions.node.split(".")[0]);
}

module.exports = {
  CALLBACKS,
  PROMISES,
  generation: majorVersion() < FIRST_WITHOUT_CALLBACKS ? CALLBACKS : PROMISES,
};
