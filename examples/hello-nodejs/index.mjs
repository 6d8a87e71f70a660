// Answers an HTTP request (a function URL, API Gateway) or a plain invocation.
export const handler = async (event) => {
  console.log("request", event.rawPath ?? "(invoked directly)");
  return { statusCode: 200, body: "Hello from Lambda!" };
};
