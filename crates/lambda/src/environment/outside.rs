//! Without isolation: what an environment has at paths and addresses of its own lies somewhere on the host.
//!
//! For the controls of tests and for measuring what isolation costs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use sandbox::{Bind, Command};

use super::process;
use super::variables::{ENDPOINT_ADDRESS, RUNTIME_API, TASK_ROOT};

/// From what a process would see inside to where it is.
#[derive(Debug)]
pub(super) struct Outside {
    addresses: [(&'static str, String); 2],
    paths: Vec<(PathBuf, PathBuf)>,
}

impl Outside {
    /// `listening` is where the Runtime API and the endpoint are.
    pub(super) fn new(listening: [SocketAddr; 2], binds: &[Bind]) -> Self {
        let [runtime_api, endpoint] = listening.map(|address| address.to_string());
        let addresses = [(RUNTIME_API, runtime_api), (ENDPOINT_ADDRESS, endpoint)];
        Self { addresses, paths: binds.iter().map(|bind| (bind.target.clone(), bind.source.clone())).collect() }
    }

    pub(super) fn command(&self, argv: &[String], variables: Vec<(String, String)>) -> Command {
        let argv: Vec<_> = argv.iter().map(|argument| self.text(argument)).collect();
        let variables = variables.into_iter().map(|(key, value)| (key, self.text(&value))).collect();
        process::command(&argv, variables).cwd(self.text(TASK_ROOT))
    }

    /// An argument or the value of a variable: an address, a path, or a list of paths.
    fn text(&self, inside: &str) -> String {
        let addressed = self.addresses.iter().fold(inside.to_owned(), |text, (from, to)| text.replace(from, to));
        addressed.split(':').map(|part| self.path(part)).collect::<Vec<_>>().join(":")
    }

    fn path(&self, part: &str) -> String {
        let below = |(from, to): &(PathBuf, PathBuf)| {
            let rest = Path::new(part).strip_prefix(from).ok()?;
            Some(if rest.as_os_str().is_empty() { to.clone() } else { to.join(rest) })
        };
        self.paths.iter().find_map(below).map_or_else(|| part.to_owned(), |path| path.to_string_lossy().into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_addresses_lead_to_the_host() {
        let binds = [Bind::read_only("/data/code/1", "/var/task"), Bind::read_only("/opt/python", "/var/lang")];
        let outside = Outside::new([([127, 0, 0, 1], 4000).into(), ([127, 0, 0, 1], 5000).into()], &binds);
        for (inside, expected) in [
            ("/var/task", "/data/code/1"),
            ("/var/lang/bin/python3", "/opt/python/bin/python3"),
            ("/var/tasks", "/var/tasks"),
            ("/usr/bin:/var/lang/bin::/var/task/lib", "/usr/bin:/opt/python/bin::/data/code/1/lib"),
            ("169.254.100.1:9001", "127.0.0.1:4000"),
            ("http://169.254.100.1:4566", "http://127.0.0.1:5000"),
            ("", ""),
        ] {
            assert_eq!(outside.text(inside), expected);
        }
    }
}
