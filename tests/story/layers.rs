//! A layer of one account is used by another, once its policy lets it.

use base::{Account, Caller, Fault, Fields, Region, Scope, Value};
use bytes::Bytes;
use lambdad::registry::Registry;
use wire::Context;

use crate::coverage::{ACCOUNT, opened};

const OTHER: &str = "222222222222";

/// An operation of Lambda, asked for by the root of an account.
async fn ask(registry: &Registry, account: &str, operation: &str, input: Fields) -> Result<Fields, Fault> {
    let spec = registry.service("lambda").expect("it is open").spec();
    let caller = Caller::root(Account::parse(account).expect("twelve digits"));
    let context = Context {
        scope: Scope::new(caller.account.clone(), Region::new("us-east-1")),
        caller,
        request_id: "a-request".to_owned(),
        trace_id: None,
        origin: String::new(),
    };
    registry.perform(spec, spec.operation(operation).expect("it is in the contract"), context, input).await
}

/// A zip of one empty file `a`.
fn archive() -> Bytes {
    let local = b"PK\x03\x04\x0a\0\0\0\0\0\0\0\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0a";
    let central =
        b"PK\x01\x02\x0a\0\x0a\0\0\0\0\0\0\0\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0a";
    let end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2f\0\0\0\x1f\0\0\0\0\0";
    [&local[..], central, end].concat().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_opens_a_layer_to_another_account() {
    let (house, _folder) = opened().await;
    let registry = house.registry();
    let mut content = Fields::new();
    content.push("ZipFile", Value::Blob(archive()));
    let mut publish = Fields::new().with("LayerName", "shared");
    publish.push("Content", Value::Map(content));
    ask(registry, ACCOUNT, "PublishLayerVersion", publish).await.expect("it is published");
    let arn = format!("arn:aws:lambda:us-east-1:{ACCOUNT}:layer:shared:1");
    let by_arn = || Fields::new().with("Arn", arn.as_str());

    let refused = ask(registry, OTHER, "GetLayerVersionByArn", by_arn()).await.expect_err("nobody has let it in");
    assert_eq!(refused.code, Fault::ACCESS_DENIED);
    let mut grant = Fields::new().with("LayerName", "shared").with("StatementId", "other").with("Principal", OTHER);
    grant.push("Action", Value::from("lambda:GetLayerVersion"));
    grant.push("VersionNumber", Value::Integer(1));
    ask(registry, ACCOUNT, "AddLayerVersionPermission", grant).await.expect("it is granted");
    let shown = ask(registry, OTHER, "GetLayerVersionByArn", by_arn()).await.expect("it is let in");
    assert_eq!(shown.text("LayerVersionArn"), Some(arn.as_str()));

    // The grant is of one action: nothing else of the layer is the other's.
    let mut delete = Fields::new().with("LayerName", arn.trim_end_matches(":1"));
    delete.push("VersionNumber", Value::Integer(1));
    let refused = ask(registry, OTHER, "DeleteLayerVersion", delete).await.expect_err("it is not the other's");
    assert_eq!(refused.code, Fault::ACCESS_DENIED);
    house.close().await;
}
