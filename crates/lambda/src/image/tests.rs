//! Registries of every kind, the lying ones above all.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use base::doors::fetch::{self, Answer, Body, Fetch, Outgoing};
use bytes::Bytes;
use parking_lot::Mutex;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use store::BlobId;

use super::*;
use crate::api::Architecture;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIGURATION: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Status, headers, body.
type Given = (u16, Vec<(String, String)>, Bytes);

/// What is behind the door: answers by URL, and what was asked.
#[derive(Default)]
struct World {
    answers: Mutex<BTreeMap<String, Given>>,
    /// These URLs ask for this authorization first, with this challenge.
    locked: Mutex<BTreeMap<String, (String, String)>>,
    asked: Mutex<Vec<(String, Option<String>)>>,
}

struct Whole(Option<Bytes>);

#[async_trait]
impl Body for Whole {
    async fn chunk(&mut self) -> Result<Option<Bytes>, fetch::Error> {
        Ok(self.0.take())
    }
}

#[async_trait]
impl Fetch for World {
    async fn fetch(&self, request: Outgoing) -> Result<Answer, fetch::Error> {
        let given = request.headers.iter().find(|(name, _)| *name == "authorization").map(|(_, value)| value.clone());
        self.asked.lock().push((request.url.clone(), given.clone()));
        let lock =
            self.locked.lock().iter().find(|(prefix, _)| request.url.starts_with(*prefix)).map(|(_, l)| l.clone());
        let found = match lock {
            Some((wanted, challenge)) if given.as_deref() != Some(wanted.as_str()) => {
                (401, vec![("www-authenticate".to_owned(), challenge)], Bytes::new())
            }
            _ => self.answers.lock().get(&request.url).cloned().unwrap_or((404, Vec::new(), Bytes::new())),
        };
        Ok(Answer { status: found.0, headers: found.1, body: Box::new(Whole(Some(found.2))) })
    }
}

impl World {
    fn put(&self, url: &str, status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.answers.lock().insert(url.to_owned(), (status, headers, body.into()));
    }

    /// Serves a document under a name at `https://h.x/v2/a/`; answers its digest.
    fn manifest(&self, name: &str, document: &Json) -> BlobId {
        let bytes = document.to_string();
        let digest = BlobId::of(bytes.as_bytes());
        for name in [name, &format!("sha256:{digest}")] {
            self.put(&format!("https://h.x/v2/a/manifests/{name}"), 200, &[], bytes.clone());
        }
        digest
    }

    fn blob(&self, bytes: &str) -> Json {
        let digest = BlobId::of(bytes.as_bytes());
        self.put(&format!("https://h.x/v2/a/blobs/sha256:{digest}"), 200, &[], bytes.to_owned());
        json!({"mediaType": CONFIGURATION, "digest": format!("sha256:{digest}"), "size": bytes.len()})
    }

    /// A well-made image under the tag `t`; answers its manifest.
    fn image(&self, configuration: &Json) -> Json {
        let config = self.blob(&configuration.to_string());
        let layer = json!({"mediaType": LAYER, "digest": format!("sha256:{}", "0".repeat(64)), "size": 1});
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
        self.manifest("t", &manifest);
        manifest
    }

    async fn find(self: &Arc<Self>, logins: &str, name: &str) -> Result<registry::Found, Error> {
        let logins = Logins::parse(logins.as_bytes()).expect("logins");
        let registry = Registry::new(self.clone(), logins, Vec::new());
        registry.find(&Reference::parse(name).expect("a name"), Architecture::X8664).await
    }
}

fn configuration() -> Json {
    json!({"os": "linux", "architecture": "amd64",
        "config": {"Entrypoint": ["/e"], "Cmd": null, "Env": ["A=1=2", "none", "=x"], "WorkingDir": "/w", "User": "root"}})
}

const LOGIN: &str = r#"{"auths":{"h.x":{"username":"u","password":"p"}}}"#;

#[tokio::test]
async fn an_image_is_found_with_how_it_is_started() {
    let world = Arc::new(World::default());
    let manifest = world.image(&configuration());
    let found = world.find("{}", "h.x/a:t").await.expect("found");
    assert_eq!(found.digest, BlobId::of(manifest.to_string().as_bytes()));
    let start = Start {
        entry_point: vec!["/e".to_owned()],
        command: Vec::new(),
        variables: vec![("A".to_owned(), "1=2".to_owned())],
        working_directory: "/w".to_owned(),
    };
    assert_eq!(found.start, start);
}

#[tokio::test]
async fn a_token_is_fetched_once_and_the_password_goes_to_its_realm_alone() {
    let world = Arc::new(World::default());
    world.image(&configuration());
    let challenge = r#"Bearer realm="https://auth.x/token",service="the registry""#;
    world.locked.lock().insert("https://h.x/".to_owned(), ("Bearer secret".to_owned(), challenge.to_owned()));
    let realm = "https://auth.x/token?scope=repository%3Aa%3Apull&service=the%20registry";
    world.put(realm, 200, &[], r#"{"token":"secret"}"#);
    world.find(LOGIN, "h.x/a:t").await.expect("found");
    let asked = world.asked.lock().clone();
    let basic: Vec<_> = asked.iter().filter(|(_, given)| given.as_deref() == Some("Basic dTpw")).collect();
    assert_eq!(basic, [&(realm.to_owned(), Some("Basic dTpw".to_owned()))]);
    assert_eq!(asked.len(), 4, "manifest, token, manifest, configuration: {asked:?}");
}

#[tokio::test]
async fn a_password_is_sent_to_no_realm_that_can_be_listened_to() {
    let world = Arc::new(World::default());
    world.image(&configuration());
    let challenge = r#"Bearer realm="http://auth.x/token""#;
    world.locked.lock().insert("https://h.x/".to_owned(), ("Bearer x".to_owned(), challenge.to_owned()));
    assert!(matches!(world.find(LOGIN, "h.x/a:t").await, Err(Error::Denied(_))));
    assert!(world.asked.lock().iter().all(|(url, _)| url.starts_with("https://h.x/")));
}

#[tokio::test]
async fn who_we_are_does_not_follow_a_redirection_elsewhere() {
    let world = Arc::new(World::default());
    world.image(&configuration());
    world.locked.lock().insert("https://h.x/".to_owned(), ("Basic dTpw".to_owned(), "Basic realm=r".to_owned()));
    let bytes = configuration().to_string();
    let blob = format!("https://h.x/v2/a/blobs/sha256:{}", BlobId::of(bytes.as_bytes()));
    world.put(&blob, 307, &[("location", "https://cdn.x/blob")], "");
    world.put("https://cdn.x/blob", 200, &[], bytes);
    world.find(LOGIN, "h.x/a:t").await.expect("found");
    let asked = world.asked.lock().clone();
    assert!(asked.contains(&("https://cdn.x/blob".to_owned(), None)), "{asked:?}");
}

#[tokio::test]
async fn a_redirection_without_end_ends() {
    let world = Arc::new(World::default());
    world.put("https://h.x/v2/a/manifests/t", 302, &[("location", "/v2/a/manifests/t")], "");
    assert!(matches!(world.find("{}", "h.x/a:t").await, Err(Error::Unreachable(_))));
    assert!(world.asked.lock().len() <= 6);
}

#[tokio::test]
async fn what_is_not_what_its_digest_says_is_refused() {
    let world = Arc::new(World::default());
    let manifest = world.image(&configuration());
    let digest = BlobId::of(manifest.to_string().as_bytes());
    let other = manifest.to_string().replace(LAYER, "application/vnd.oci.image.layer.v1.tar");
    world.put(&format!("https://h.x/v2/a/manifests/sha256:{digest}"), 200, &[], other);
    assert!(matches!(world.find("{}", &format!("h.x/a@sha256:{digest}")).await, Err(Error::Bad(_))));
    let bytes = configuration().to_string();
    let blob = format!("https://h.x/v2/a/blobs/sha256:{}", BlobId::of(bytes.as_bytes()));
    world.put(&blob, 200, &[], bytes.replace("/e", "/evil"));
    assert!(matches!(world.find("{}", "h.x/a:t").await, Err(Error::Bad(_))));
}

#[tokio::test]
async fn what_we_cannot_run_is_not_supported() {
    let world = Arc::new(World::default());
    let well = world.image(&configuration());
    let with = |path: &str, value: Json| {
        let mut changed = well.clone();
        *changed.pointer_mut(path).expect("there") = value;
        changed
    };
    let layers = |count| vec![well["layers"][0].clone(); count];
    for (document, supported) in [
        (with("/mediaType", json!("application/vnd.docker.distribution.manifest.v1+json")), false),
        (with("/mediaType", json!("application/vnd.oci.artifact.manifest.v1+json")), false),
        (with("/config/mediaType", json!("application/vnd.cncf.helm.config.v1+json")), false),
        (with("/layers/0/mediaType", json!("application/vnd.in-toto+json")), false),
        (with("/layers/0/digest", json!("md5:00")), false),
        (with("/layers", json!(layers(128))), false),
        (with("/layers/0/size", json!(11_u64 << 30)), false),
        (with("/layers", json!(layers(127))), true),
    ] {
        world.manifest("t", &document);
        let found = world.find("{}", "h.x/a:t").await;
        assert_eq!(found.is_ok(), supported, "{found:?}");
        assert!(!matches!(found, Err(Error::Unreachable(_) | Error::Internal(_))), "{found:?}");
    }
}

#[tokio::test]
async fn an_index_gives_the_image_of_the_functions_architecture() {
    let world = Arc::new(World::default());
    let manifest = world.image(&configuration());
    let digest = BlobId::of(manifest.to_string().as_bytes());
    let listed = |architecture: &str| {
        json!({"mediaType": MANIFEST, "digest": format!("sha256:{digest}"), "size": 1,
            "platform": {"os": "linux", "architecture": architecture}})
    };
    let attestation = json!({"mediaType": MANIFEST, "digest": "sha256:none", "size": 1,
        "platform": {"os": "unknown", "architecture": "unknown"}});
    let index = |manifests: Vec<Json>| json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
    world.manifest("both", &index(vec![attestation, listed("arm64"), listed("amd64")]));
    assert_eq!(world.find("{}", "h.x/a:both").await.expect("found").digest, digest);
    world.manifest("arm", &index(vec![listed("arm64")]));
    assert!(matches!(world.find("{}", "h.x/a:arm").await, Err(Error::Unsupported(_))));
}

#[tokio::test]
async fn an_image_for_another_machine_or_with_endless_settings_is_refused() {
    let world = Arc::new(World::default());
    for (path, value) in [
        ("/architecture", json!("arm64")),
        ("/os", json!("windows")),
        ("/config/Env", json!(["A=".to_owned() + &"x".repeat(20_000)])),
    ] {
        let mut changed = configuration();
        *changed.pointer_mut(path).expect("there") = value;
        world.image(&changed);
        assert!(matches!(world.find("{}", "h.x/a:t").await, Err(Error::Unsupported(_))), "{path}");
    }
}

/// Documents that are nearly right: a member is another, or missing.
fn documents() -> impl Strategy<Value = Json> {
    let digest = || prop_oneof![Just(format!("sha256:{}", BlobId::of(b"x"))), Just("sha512:0".to_owned()), ".{0,20}"];
    let size = || prop_oneof![4 => 0..1_000_000_000_u64, 1 => any::<u64>()];
    let kind = |good: &'static str| prop_oneof![8 => Just(good.to_owned()), 1 => ".{0,20}"];
    let part = move |good| {
        (kind(good), digest(), size())
            .prop_map(|(kind, digest, size)| json!({"mediaType": kind, "digest": digest, "size": size}))
    };
    let layers = (part(LAYER), 0..200_usize).prop_map(|(layer, count)| vec![layer; count]);
    let manifest = (kind(MANIFEST), part(CONFIGURATION), layers)
        .prop_map(|(kind, config, layers)| json!({"mediaType": kind, "config": config, "layers": layers}));
    let listed = (digest(), "linux|windows|.{0,5}", "amd64|arm64|.{0,5}").prop_map(
        |(digest, os, architecture)| json!({"digest": digest, "platform": {"os": os, "architecture": architecture}}),
    );
    let index = (kind(INDEX), prop::collection::vec(listed, 0..4))
        .prop_map(|(kind, listed)| json!({"mediaType": kind, "manifests": listed}));
    prop_oneof![manifest, index]
}

proptest! {
    #[test]
    fn hostile_manifests_are_refused_or_within_their_limits(document in documents(), noise: Vec<u8>) {
        for kind in [None, Some(MANIFEST), Some(INDEX)] {
            prop_assert!(manifest::read(&noise, kind).is_err());
            match manifest::read(document.to_string().as_bytes(), kind) {
                Ok(manifest::Document::Manifest(manifest)) => {
                    let layers = manifest.layers().expect("they were checked");
                    prop_assert!(layers.len() <= base::limits::lambda::IMAGE_LAYERS);
                    let bytes: u64 = layers.iter().map(|(layer, _)| layer.size).sum();
                    prop_assert!(bytes <= base::limits::lambda::IMAGE_BYTES);
                    let _whatever = manifest.config();
                }
                Ok(manifest::Document::Index(index)) => _ = index.choose(Architecture::X8664),
                Err(_) => {}
            }
        }
    }

    #[test]
    fn hostile_configurations_are_refused_or_within_their_limits(
        os in "linux|.{0,5}", lists in prop::collection::vec(prop::collection::vec(".{0,9}|A=.{0,9}", 0..6), 3),
        length in 0..20_000_usize, noise: Vec<u8>,
    ) {
        let directory = "d".repeat(length);
        let settings = json!({"Entrypoint": lists[0], "Cmd": lists[1], "Env": lists[2], "WorkingDir": directory});
        let configuration = json!({"os": os, "architecture": "amd64", "config": settings});
        prop_assert!(manifest::Start::read(&noise, Architecture::X8664).is_err());
        if let Ok(start) = manifest::Start::read(configuration.to_string().as_bytes(), Architecture::X8664) {
            let words = start.entry_point.iter().chain(&start.command).map(String::len).sum::<usize>();
            prop_assert!(words + length <= base::limits::lambda::IMAGE_SETTINGS_BYTES);
            prop_assert!(start.variables.iter().all(|(key, _)| !key.is_empty() && !key.contains('=')));
        }
    }
}
