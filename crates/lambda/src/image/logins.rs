//! Who we are to registries: the operator's file, in the format of docker's `config.json`.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// Passwords by registry.
#[derive(Clone, Default)]
pub struct Logins(HashMap<String, Login>);

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Login {
    user: String,
    password: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFile {
    #[error("it is not JSON as docker writes it: {0}")]
    NotJson(String),
    #[error("the `auth` of {registry} is not `user:password` in base64")]
    BadAuth { registry: String },
    #[error("{0} has neither `auth` nor `username` and `password`; credential helpers are not asked")]
    Nothing(String),
}

impl Logins {
    pub fn parse(bytes: &[u8]) -> Result<Self, BadFile> {
        #[derive(Deserialize)]
        struct File {
            #[serde(default)]
            auths: HashMap<String, Entry>,
        }
        #[derive(Deserialize)]
        struct Entry {
            auth: Option<String>,
            username: Option<String>,
            password: Option<String>,
        }
        let file: File = serde_json::from_slice(bytes).map_err(|error| BadFile::NotJson(error.to_string()))?;
        let login = |(registry, entry): (String, Entry)| {
            let login = match (entry.username, entry.password, entry.auth.filter(|auth| !auth.is_empty())) {
                (Some(user), Some(password), _) => Login { user, password },
                (_, _, Some(auth)) => decode(&auth).ok_or_else(|| BadFile::BadAuth { registry: registry.clone() })?,
                _ => return Err(BadFile::Nothing(registry)),
            };
            Ok((host(&registry).to_owned(), login))
        };
        file.auths.into_iter().map(login).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn of(&self, registry: &str) -> Option<&Login> {
        self.0.get(registry)
    }
}

/// Docker names its own hub by a URL, and takes URLs for others.
fn host(name: &str) -> &str {
    let name = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://")).unwrap_or(name);
    let host = name.split('/').next().unwrap_or_default();
    if host == "index.docker.io" { "docker.io" } else { host }
}

fn decode(auth: &str) -> Option<Login> {
    let text = String::from_utf8(STANDARD.decode(auth).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some(Login { user: user.to_owned(), password: password.to_owned() })
}

impl Login {
    /// The header `Authorization`.
    pub(super) fn header(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.user, self.password)))
    }
}

impl std::fmt::Debug for Logins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_docker_is_read() {
        let file =
            br#"{"auths":{"https://index.docker.io/v1/":{"auth":"dTpwOnE="},"h:5":{"username":"a","password":"b"}}}"#;
        let logins = Logins::parse(file).expect("read");
        assert_eq!(logins.of("docker.io").map(Login::header).as_deref(), Some("Basic dTpwOnE="));
        assert_eq!(logins.of("h:5").map(Login::header).as_deref(), Some("Basic YTpi"));
        assert!(logins.of("h").is_none());
        assert!(Logins::parse(b"{}").expect("read").of("h").is_none());
    }

    #[test]
    fn a_file_that_would_log_in_nowhere_is_refused() {
        assert!(matches!(Logins::parse(b"auths"), Err(BadFile::NotJson(_))));
        assert!(matches!(Logins::parse(br#"{"auths":{"h":{}}}"#), Err(BadFile::Nothing(_))));
        assert!(matches!(Logins::parse(br#"{"auths":{"h":{"auth":"?"}}}"#), Err(BadFile::BadAuth { .. })));
    }
}
