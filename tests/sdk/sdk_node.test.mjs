// The AWS SDK for JavaScript against the real binary. Started by run.sh, which says where server and role are:
// AWS_ENDPOINT_URL, the AWS keys, LAMBDAD_ROLE; LAMBDAD_NODE_MODULES is the folder that holds node_modules.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

const require = createRequire(join(process.env.LAMBDAD_NODE_MODULES, "package.json"));
const lambda = require("@aws-sdk/client-lambda");
const logs = require("@aws-sdk/client-cloudwatch-logs");

const client = new lambda.LambdaClient({ maxAttempts: 1 });
const logsClient = new logs.CloudWatchLogsClient({ maxAttempts: 1 });
const FunctionName = `node-${randomUUID()}`;

const HANDLER = `
exports.handler = async (event) => {
    if (event.fail) throw new RangeError(event.fail);
    console.log("a line");
    return { hello: event };
};
`;

function zip(files) {
    const folder = mkdtempSync(join(tmpdir(), "lambdad-node-"));
    try {
        for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
        execFileSync("python3", ["-m", "zipfile", "-c", "code.zip", ...Object.keys(files)], { cwd: folder });
        return readFileSync(join(folder, "code.zip"));
    } finally {
        rmSync(folder, { recursive: true });
    }
}

const code = zip({ "index.js": HANDLER });

async function invoke(event, more = {}) {
    const answer = await client.send(new lambda.InvokeCommand({ FunctionName, Payload: JSON.stringify(event), ...more }));
    const payload = answer.Payload?.length ? JSON.parse(Buffer.from(answer.Payload).toString()) : undefined;
    return { ...answer, payload };
}

before(async () => {
    const created = await client.send(
        new lambda.CreateFunctionCommand({
            FunctionName,
            Runtime: "nodejs22.x",
            Role: process.env.LAMBDAD_ROLE,
            Handler: "index.handler",
            Code: { ZipFile: code },
        }),
    );
    assert.equal(created.State, "Pending");
    const waited = await lambda.waitUntilFunctionActiveV2({ client, maxWaitTime: 60, minDelay: 1 }, { FunctionName });
    assert.equal(waited.state, "SUCCESS");
});

after(() => client.send(new lambda.DeleteFunctionCommand({ FunctionName })));

test("a function answers", async () => {
    const { StatusCode, ExecutedVersion, FunctionError, payload } = await invoke({ name: "é" });
    assert.deepEqual({ StatusCode, ExecutedVersion, FunctionError }, {
        StatusCode: 200,
        ExecutedVersion: "$LATEST",
        FunctionError: undefined,
    });
    assert.deepEqual(payload, { hello: { name: "é" } });
});

test("an exception is told", async () => {
    const { FunctionError, payload } = await invoke({ fail: "as you wish" });
    assert.equal(FunctionError, "Unhandled");
    assert.equal(payload.errorType, "RangeError");
    assert.equal(payload.errorMessage, "as you wish");
});

test("events and dry runs have statuses of their own", async () => {
    assert.equal((await invoke({}, { InvocationType: "Event" })).StatusCode, 202);
    assert.equal((await invoke({}, { InvocationType: "DryRun" })).StatusCode, 204);
});

test("the tail of the log comes on request", async () => {
    const { LogResult } = await invoke({}, { LogType: "Tail" });
    assert.match(Buffer.from(LogResult, "base64").toString(), /\tINFO\ta line\nEND RequestId: .*\nREPORT RequestId: /);
});

test("the code downloads as it was sent", async () => {
    const { Code, Configuration } = await client.send(new lambda.GetFunctionCommand({ FunctionName }));
    const download = Buffer.from(await (await fetch(Code.Location)).arrayBuffer());
    assert.equal(createHash("sha256").update(download).digest("base64"), Configuration.CodeSha256);
});

test("errors are the SDK's own classes", async () => {
    const missing = client.send(new lambda.GetFunctionCommand({ FunctionName: "doesnotexist" }));
    await assert.rejects(missing, (error) => {
        assert.ok(error instanceof lambda.ResourceNotFoundException);
        assert.equal(error.$metadata.httpStatusCode, 404);
        assert.match(error.message, /^Function not found: arn:aws:lambda:.*:function:doesnotexist$/);
        return true;
    });
});

test("an ARN is as good as a name", async () => {
    const { Configuration } = await client.send(new lambda.GetFunctionCommand({ FunctionName }));
    const { payload } = await invoke(1, { FunctionName: `${Configuration.FunctionArn}:$LATEST` });
    assert.deepEqual(payload, { hello: 1 });
});

test("the log is in CloudWatch Logs", async () => {
    await invoke({});
    const logGroupName = `/aws/lambda/${FunctionName}`;
    for (const deadline = Date.now() + 20_000; ; await new Promise((resume) => setTimeout(resume, 50))) {
        const command = new logs.FilterLogEventsCommand({ logGroupName, filterPattern: '"a line"' });
        const found = await logsClient.send(command).catch((error) => {
            if (error instanceof logs.ResourceNotFoundException) return { events: [] };
            throw error;
        });
        if (found.events.length > 0) return assert.match(found.events[0].message, /\tINFO\ta line\n$/);
        assert.ok(Date.now() < deadline, "the line did not come");
    }
});

test("an answer streams before its function ends", async (t) => {
    const streaming = `node-${randomUUID()}`;
    const gate = `gate-${randomUUID()}`;
    const source = `
const fs = require("node:fs");
exports.handler = awslambda.streamifyResponse(async (gate, stream) => {
    stream.setContentType("text/plain");
    stream.write("first");
    fs.writeFileSync("/tmp/" + gate, "");
    while (!fs.existsSync("/tmp/" + gate + ".open")) await new Promise((resume) => setTimeout(resume, 10));
    stream.write("last");
    throw new RangeError("midway");
});
`;
    await client.send(
        new lambda.CreateFunctionCommand({
            FunctionName: streaming,
            Runtime: "nodejs22.x",
            Role: process.env.LAMBDAD_ROLE,
            Handler: "index.handler",
            Code: { ZipFile: zip({ "index.js": source }) },
            Timeout: 60,
        }),
    );
    t.after(() => client.send(new lambda.DeleteFunctionCommand({ FunctionName: streaming })));
    await lambda.waitUntilFunctionActiveV2({ client, maxWaitTime: 60, minDelay: 1 }, { FunctionName: streaming });
    const answer = await client.send(
        new lambda.InvokeWithResponseStreamCommand({ FunctionName: streaming, Payload: JSON.stringify(gate), LogType: "Tail" }),
    );
    assert.deepEqual([answer.StatusCode, answer.ExecutedVersion], [200, "$LATEST"]);
    const events = answer.EventStream[Symbol.asyncIterator]();
    const heard = async () => Buffer.from((await events.next()).value.PayloadChunk.Payload).toString();
    assert.equal(await heard(), "first");
    // The function waits for us: its files are seen through its process.
    await opened(gate);
    assert.equal(await heard(), "last");
    const { InvokeComplete } = (await events.next()).value;
    assert.equal(InvokeComplete.ErrorCode, "Unhandled");
    assert.equal(JSON.parse(InvokeComplete.ErrorDetails).errorMessage, "midway");
    assert.match(Buffer.from(InvokeComplete.LogResult, "base64").toString(), /\nREPORT RequestId: /);
    assert.ok((await events.next()).done);
});

// Waits until a function has made the file, and answers it.
async function opened(gate) {
    for (const deadline = Date.now() + 20_000; ; await new Promise((resume) => setTimeout(resume, 20))) {
        const roots = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map((pid) => `/proc/${pid}/root/tmp/${gate}`);
        const found = roots.find((path) => existsSync(path));
        if (found) return writeFileSync(`${found}.open`, "");
        assert.ok(Date.now() < deadline, "the function did not come to its gate");
    }
}
