// Runs every case under AWS's client (aws-lambda-ric, from npm) and under ours, and shows where they differ.
//
//     node differential.mjs PACKAGE [CASE...]
//
// PACKAGE is an unpacked `npm pack aws-lambda-ric@3.3.0` (compared with our older generation) or `@4.0.2` (with
// the newer one). Its compiled half is replaced by native_client.cjs. Compared are answers, X-Ray causes, log
// frames, standard streams and exit codes, after times and the runtimes' own stack frames are taken out.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CASES } from "./cases.mjs";
import { Http, run } from "./fake_platform.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const FUNCTIONS = join(HERE, "functions");
const RUNTIME = dirname(HERE);

const packagePath = resolve(process.argv[2]);
const isNew = JSON.parse(readFileSync(join(packagePath, "package.json"))).version.startsWith("4.");
const environment = { AWS_EXECUTION_ENV: isNew ? "AWS_Lambda_nodejs24.x" : "AWS_Lambda_nodejs20.x" };

// Where we differ and mean to: case -> why.
const DIFFERENCES = {
  "exit 0": "the stand-in for the compiled client defers process.exit, so the handler goes on",
  "exit 3": "the same",
  "exits at load": "the same",
  "unsettled top-level await": "Node names the file of the runtime in its warning",
};
if (isNew) {
  Object.assign(DIFFERENCES, {
    "unhandledRejection": "Node prints the runtime's own lines",
    "uncaughtException": "the same",
    "streamsAndFails": "AWS's client asks for the next event while it still ends its answer",
    ...Object.fromEntries(Object.keys(CASES).filter((name) => name.endsWith("as json")).map((name) => [name, "AWS's client forgets the tenant, which its documentation promises"])),
    "context, broken": "AWS's runtime dies of it; ours too, with other words",
  });
}

const theirs = (handler) => {
  const preload = ["--require", join(HERE, "native_client.cjs")];
  if (existsSync(join(packagePath, "index.mjs"))) return [process.execPath, ...preload, join(packagePath, "index.mjs")];
  const script = `import { run } from ${JSON.stringify(join(packagePath, "dist/index.mjs"))}; await run(process.env.LAMBDA_TASK_ROOT, ${JSON.stringify(handler)});`;
  return [process.execPath, ...preload, "--input-type=module", "--eval", script];
};
const ours = () => [process.execPath, join(RUNTIME, "bootstrap.cjs")];

const isForeign = (line) => !/^\s*at .*(node:|native_client|aws-lambda-ric|\/p4\/|\/package\/|\/runtimes\/nodejs\/(lib|bootstrap)|eval1)/.test(line);
const settleStack = (lines) => lines.filter(isForeign).filter((line) => !line.startsWith("- ") || line.includes("/functions/"));

const RULES = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "TIME"],
  [/[^" \\]*\/(var\/runtime|package|package\/dist)\/index\.mjs/g, "RUNTIME"],
];
const settleText = (text) => RULES.reduce((settled, [pattern, by]) => settled.replace(pattern, by), text);

// JSON with the runtimes' own frames taken out of every list of lines; keys keep their order.
function settleJson(text) {
  try {
    return settleText(JSON.stringify(JSON.parse(text), (key, value) => (["trace", "stack", "stackTrace"].includes(key) && Array.isArray(value) && typeof value[0] === "string" ? settleStack(value) : value)));
  } catch {
    return settleText(text);
  }
}

const settleRecord = (text) => text.replace(/\{"(errorType|timestamp).*\}/s, settleJson).replace(/^.*$/s, settleText);

function settleCause(cause) {
  if (!cause) return cause;
  const { exceptions } = JSON.parse(cause);
  const settled = JSON.stringify(exceptions.map(({ type, message, stack }) => [type, message, stack.filter(({ path }) => path.includes("/functions/"))]));
  return settleText(settled);
}

async function observe(command, { handler, events, environment: own }) {
  const full = { ...environment, _HANDLER: handler, LAMBDA_TASK_ROOT: FUNCTIONS, ...own };
  const outcome = await run(command(handler), events, { transport: new Http(), environment: full, cwd: FUNCTIONS });
  const crashed = isNew && outcome.exitCode === 1;
  return {
    answers: outcome.answers.map(({ kind, id, errorType, body, xray, mode, contentType, error }) => [kind, id, kind === "init-error" ? errorType : "", settleJson(body.toString()), settleCause(xray), mode && [mode, contentType], error && settleJson(error.toString())]),
    stdout: outcome.stdout,
    stderr: crashed ? "" : outcome.stderr,
    frames: outcome.frames.map(({ type, text }) => [type.toString(16), settleRecord(text)]),
    "exit code": outcome.exitCode,
  };
}

let differing = 0;
const names = process.argv.length > 3 ? process.argv.slice(3) : Object.keys(CASES).filter((name) => !(name in DIFFERENCES));
for (const name of names) {
  const [aws, mine] = [await observe(theirs, CASES[name]), await observe(ours, CASES[name])];
  for (const what of Object.keys(aws)) {
    const [left, right] = [JSON.stringify(aws[what]), JSON.stringify(mine[what])];
    if (left === right) continue;
    differing += 1;
    const at = Math.max(0, [...left].findIndex((character, i) => character !== right[i]) - 60);
    console.log(`${name}: ${what}\n  AWS  ...${left.slice(at, at + 300)}\n  ours ...${right.slice(at, at + 300)}`);
  }
}
console.log(`${names.length} cases, ${differing} differences`);
process.exitCode = differing ? 1 : 0;
