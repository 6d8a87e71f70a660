//! A pool of its own for one test, with doors that only note what comes through them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base::doors::{Call, Decision, Emit, LogLine, MetricPoint, Permit, Question, Request};
use base::{Account, Clock, Fault, Fields, Random, Region, Scope, Tasks, Timestamp, Value};
use parking_lot::Mutex;
use sandbox::{Config, Isolation, Sandbox};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::environment::{Finished, Interpreter, Launch, Relay, Workshop};
use crate::pool::{Keeping, Pool};
use crate::runtime_api::Invocation;
use crate::runtime_api::stream::Recipient;
use crate::telemetry::LogStyle;

pub(super) struct House {
    pub(super) pool: Arc<Pool>,
    pub(super) seen: Arc<Seen>,
    pub(super) tasks: Tasks,
    sandbox: Sandbox,
    folder: TempDir,
}

/// What came through the doors.
#[derive(Debug, Default)]
pub(super) struct Seen {
    lines: Mutex<Vec<String>>,
}

impl Seen {
    pub(super) fn log(&self) -> String {
        self.lines.lock().concat()
    }
}

impl Emit for Seen {
    fn log(&self, line: LogLine) {
        self.lines.lock().push(String::from_utf8_lossy(&line.message).into_owned());
    }

    fn metric(&self, _point: MetricPoint) {}
}

#[derive(Debug)]
struct Doors;

#[async_trait]
impl Call for Doors {
    async fn call(&self, request: Request) -> Result<Fields, Fault> {
        assert_eq!((request.service, request.operation), ("sts", "AssumeRole"));
        let session = request.input.text("RoleSessionName").unwrap_or_default();
        assert!((2..=64).contains(&session.len()), "STS takes no session `{session}`");
        let credentials =
            Fields::new().with("AccessKeyId", "ASIA").with("SecretAccessKey", "s").with("SessionToken", "t");
        let mut credentials = credentials;
        credentials.set("Expiration", Value::Timestamp(Timestamp::MAX));
        let user = Fields::new().with("Arn", "arn:aws:sts::1:assumed-role/r/f").with("AssumedRoleId", "AROA:f");
        let mut answer = Fields::new();
        answer.set("Credentials", Value::Map(credentials));
        answer.set("AssumedRoleUser", Value::Map(user));
        Ok(answer)
    }
}

impl Permit for Doors {
    fn permit(&self, _question: &Question<'_>) -> Decision {
        Decision::Allow
    }
}

impl Relay for Doors {
    fn serve(&self, _listener: TcpListener, _scope: &Scope) -> DropGuard {
        CancellationToken::new().drop_guard()
    }
}

impl House {
    /// `None`, and a line that cannot be overlooked, where the host cannot isolate.
    pub(super) async fn open() -> Option<Self> {
        Self::keeping(Keeping::default()).await
    }

    pub(super) async fn keeping(keeping: Keeping) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let tasks = Tasks::new();
        let mut config = Config::new(folder.path().join("sandbox"));
        // Apart from the uids of other tests that run at the same time.
        config.uid_base = 400_000 + (std::process::id() % 100) * 10_000 + next_house() * 200;
        if !Sandbox::probe(&config, &tasks).await.full_isolation() {
            println!("SKIPPED: this host cannot isolate; see lambdad doctor");
            return None;
        }
        let clock = Clock::wall();
        let sandbox = Sandbox::open(config, tasks.clone(), clock.clone()).await.expect("a sandbox");
        let workshop = Workshop {
            sandbox: sandbox.clone(),
            clock,
            random: Random::from_os(),
            tasks: tasks.clone(),
            relay: Arc::new(Doors),
            // Longer than the path of a socket may be.
            sockets: folder.path().join("sockets".repeat(20)),
            isolation: Isolation::Full,
            cores: 2.0,
        };
        let seen = Arc::new(Seen::default());
        let pool = Pool::new(Arc::new(workshop), seen.clone(), Arc::new(Doors), Arc::new(Doors), keeping);
        Some(Self { pool, seen, tasks, sandbox, folder })
    }

    /// A function of one Python file.
    pub(super) fn python(&self, source: &str) -> Launch {
        let code = self.folder.path().join(format!("code-{}", Random::from_os().hex(8)));
        std::fs::create_dir_all(&code).expect("a folder");
        write(&code.join("app.py"), source);
        launch(code)
    }

    pub(super) async fn run(&self, launch: &Arc<Launch>, event: &str) -> Finished {
        self.try_to_run(launch, event).await.expect("the pool runs it")
    }

    pub(super) async fn try_to_run(&self, launch: &Arc<Launch>, event: &str) -> Result<Finished, Fault> {
        let invocation = Invocation {
            request_id: Random::from_os().uuid_v4().to_string(),
            deadline_ms: 0,
            function_arn: launch.function_arn.clone(),
            trace_id: "Root=1-0-0".to_owned(),
            client_context: None,
            cognito_identity: None,
            tenant_id: None,
            event: event.to_owned().into(),
            recipient: Recipient::Whole,
        };
        self.pool.run(launch.clone(), invocation, true).await
    }

    /// Returns once every idle environment stands still.
    pub(super) async fn frozen(&self) {
        while !self.pool.stands_still().await {
            Clock::wall().sleep(Duration::from_millis(1)).await;
        }
    }

    /// Gives the function an /opt with these programs as its extensions.
    pub(super) fn extend<'a>(&self, launch: &mut Launch, extensions: impl Iterator<Item = (&'a str, String)>) {
        let opt = self.folder.path().join(format!("opt-{}", Random::from_os().hex(8)));
        std::fs::create_dir_all(opt.join("extensions")).expect("a folder");
        launch.layers = Some(opt);
        for (name, source) in extensions {
            self.put(launch, &format!("extensions/{name}"), &source);
        }
    }

    /// A program in the function's /opt.
    pub(super) fn put(&self, launch: &Launch, name: &str, source: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = launch.opt().expect("it was extended").join(name);
        write(&path, source);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("ours");
    }

    /// Closes, and tells what was logged until the very end.
    pub(super) async fn shut(self) -> String {
        let seen = self.seen.clone();
        self.close().await;
        seen.log()
    }

    pub(super) async fn close(self) {
        self.pool.close().await;
        self.tasks.close().await;
        self.sandbox.close().await;
    }
}

fn next_house() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[expect(clippy::disallowed_methods, reason = "lays out a function's code")]
fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("writable");
}

fn launch(code: PathBuf) -> Launch {
    let bootstrap = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../runtimes/python");
    let interpreter = Interpreter {
        root: None,
        cwd: "/var/task".to_owned(),
        argv: vec!["/usr/bin/python3".to_owned(), "/var/runtime/bootstrap.py".to_owned()],
        binds: vec![(bootstrap, PathBuf::from("/var/runtime"))],
        version: "python:3.11.v1".to_owned(),
        variables: vec![("PYTHONPATH".to_owned(), "/var/runtime".to_owned())],
        managed: true,
    };
    Launch {
        scope: Scope::new(Account::default_account(), Region::new("us-east-1")),
        function_name: "f".to_owned(),
        version: "$LATEST".to_owned(),
        function_arn: format!("arn:aws:lambda:us-east-1:000000000000:function:{}", code.display()),
        revision: "1".to_owned(),
        runtime: "python3.11".to_owned(),
        handler: "app.handler".to_owned(),
        memory_mb: 128,
        timeout: Duration::from_secs(3),
        tmp_mb: 512,
        variables: Vec::new(),
        role: "arn:aws:iam::000000000000:role/r".to_owned(),
        log_group: "/aws/lambda/f".into(),
        log_group_is_custom: false,
        log_style: LogStyle::Text,
        is_traced: false,
        code: Some(code),
        layers: None,
        code_guard: Arc::new(()),
        interpreter: Arc::new(interpreter),
    }
}
