//! Answers an HTTP request (a function URL, API Gateway) or a plain invocation.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(hello)).await
}

async fn hello(request: LambdaEvent<Value>) -> Result<Value, Error> {
    let path = request.payload["rawPath"].as_str().unwrap_or("(invoked directly)");
    eprintln!("{} request {path}", request.context.request_id);
    Ok(json!({ "statusCode": 200, "body": "Hello from Lambda!" }))
}
