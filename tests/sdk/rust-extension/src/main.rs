//! An external extension made with AWS's crate: prints the events that it gets, and the telemetry that it subscribed to.

use lambda_extension::{Error, Extension, LambdaEvent, LambdaTelemetry, NextEvent, SharedService, service_fn};

async fn event(event: LambdaEvent) -> Result<(), Error> {
    match event.next {
        NextEvent::Invoke(invoke) => println!("INVOKE {} {}", invoke.request_id, invoke.invoked_function_arn),
        NextEvent::Shutdown(shutdown) => println!("SHUTDOWN {}", shutdown.shutdown_reason),
    }
    Ok(())
}

async fn telemetry(events: Vec<LambdaTelemetry>) -> Result<(), Error> {
    for event in events {
        println!("HEARD {:?}", event.record);
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Extension::new()
        .with_events(&["INVOKE", "SHUTDOWN"])
        .with_events_processor(service_fn(event))
        .with_telemetry_types(&["platform", "function"])
        .with_telemetry_processor(SharedService::new(service_fn(telemetry)))
        .run()
        .await
}
