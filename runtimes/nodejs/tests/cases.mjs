// What the tests and the differential test run: name -> {handler, events, environment}.
import { event } from "./fake_platform.mjs";

const TRACE = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1";
export const FULL = {
  traceId: TRACE,
  clientContext: JSON.stringify({ custom: { k: "v" }, client: { app_title: "app" } }),
  cognitoIdentity: '{"cognitoIdentityId":"id","cognitoIdentityPoolId":"pool"}',
  tenantId: "tenant-1",
};
export const JSON_LOGS = { AWS_LAMBDA_LOG_FORMAT: "JSON", AWS_LAMBDA_LOG_LEVEL: "INFO" };

const simple = `constant nothing scalars circular bigint aFunction toJson plainReturn thenable callback callbackLater
callbackError callbackText callbackObject callbackTwice callbackWaits callbackDoesNotWait callbackThenThrow neverAnswers
done succeed fail failWithNothing throws rejects rejectsWithText rejectsWithNothing rejectsWithObject errorMembers
circularError namedError unhandledRejection uncaughtException neverSettles logs logsErrors logsCircular writes waits
environment missing nested nested.inner.handler nested.text
streams streamsHttp streamsNothing streamsAfterItsEnd streamsPipeline streamsAndFails`.split(/\s+/);

const files = {
  "cjs": "plain.handler",
  "missing require": "plain.missing",
  "top-level await": "awaits.handler",
  "unsettled top-level await": "stuck.handler",
  ".cjs": "common.handler",
  "module by package": "package_module/index.handler",
  "commonjs by package": "package_commonjs/index.handler",
  "nested path": "nested/deep/file.a.b.handler",
  "default export": "defaults.handler",
  "no file": "nowhere.handler",
  "no function": "plain.absent",
  "no dot": "plain",
  "dots": "../functions/plain.handler",
  "syntax error": "syntax.handler",
  "syntax error in a module": "syntax_module.handler",
  "missing import": "imports.handler",
  "missing import in a module": "imports_module.handler",
  "throws at load": "throws.handler",
  "exits at load": "exits.handler",
};

const one = (handler, events = [event()], environment = {}) => ({ handler, events, environment });
const app = (name, ...rest) => one(`app.${name}`, ...rest);
const logging = ["logs", "logsErrors", "logsCircular", "rejects", "errorMembers"];

export const CASES = {
  ...Object.fromEntries(simple.map((name) => [name, app(name)])),
  ...Object.fromEntries(Object.entries(files).map(([name, handler]) => [name, one(handler)])),
  ...Object.fromEntries(logging.map((name) => [`${name} as json`, app(name, [event("{}", { tenantId: "t" })], JSON_LOGS)])),
  ...Object.fromEntries(logging.map((name) => [`${name} in json, no tenant`, app(name, undefined, JSON_LOGS)])),
  "logs at warn": app("logs", undefined, { AWS_LAMBDA_LOG_LEVEL: "WARN" }),
  "logs at fatal": app("logs", undefined, { AWS_LAMBDA_LOG_LEVEL: "FATAL" }),
  "echo": app("echo", ['{"a":[1,2.5,"é"],"b":null}', '"text"', "17", "null"].map((body) => event(body))),
  "context, bare": app("contextFields"),
  "context, full": app("contextFields", [event("{}", FULL), event()]),
  "context, broken": app("echo", [event("{}", { clientContext: "{" })]),
  "traces": app("environment", [event("{}", { traceId: "Root=1" }), event("{}", { traceId: "Root=2" }), event()]),
  "state stays": app("counts", [event(), event(), event()]),
  "errors and on": app("rejects", [event("{}", { id: "a" }), event("{}", { id: "b" })]),
  "exit 3": app("exits", [event('{"code":3}')]),
  "exit 0": app("exits", [event('{"code":0}')]),
};
