// The handler's context, and the variables that belong to an invocation.
"use strict";

const { setInvocation } = require("./log.cjs");

function parse(text, name) {
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`Cannot parse ${name} as json: ${error}`);
  }
}

const environment = () => ({
  functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
  functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
  memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
  logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
  logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
});

function received(invocation) {
  const deadline = invocation.deadlineMs;
  return {
    clientContext: parse(invocation.clientContext, "ClientContext"),
    identity: parse(invocation.cognitoIdentity, "CognitoIdentity"),
    invokedFunctionArn: invocation.functionArn,
    awsRequestId: invocation.requestId,
    tenantId: invocation.tenantId,
    getRemainingTimeInMillis: function () {
      return deadline - Date.now();
    },
  };
}

// Everything logged from here on belongs to this invocation.
function begin(invocation) {
  setInvocation(invocation.requestId, invocation.tenantId);
}

// The X-Ray SDK reads the trace from the environment.
function forwardTrace(traceId) {
  if (traceId) process.env._X_AMZN_TRACE_ID = traceId;
  else delete process.env._X_AMZN_TRACE_ID;
}

module.exports = { begin, environment, forwardTrace, received };
