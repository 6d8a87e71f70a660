//! The interpreters that functions are written for run under the filter.

use std::path::Path;

use super::*;

/// `None`, said loudly, where the program is not installed.
async fn run(house: &House, argv: &[&str]) -> Option<String> {
    if !Path::new(argv[0]).exists() {
        println!("SKIPPED: {} is not installed", argv[0]);
        return None;
    }
    let command = Command::new(argv).env("PATH", "/usr/bin:/bin").env("HOME", "/tmp");
    let slot = SlotSpec { memory_bytes: 512 * MEBIBYTE, ..small() };
    Some(said(&house.run(slot, Spec { command, ..spec("") }).await).to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn node_runs() {
    let Some(house) = House::open().await else { return };
    let source = "const w = new (require('worker_threads').Worker)('require(\"fs\").writeFileSync(\"/tmp/w\", \"worker\")', { eval: true });\
        w.on('exit', () => require('fs').promises.readFile('/tmp/w', 'utf8').then(console.log))";
    if let Some(output) = run(&house, &["/usr/bin/node", "-e", source]).await {
        assert_eq!(output, "worker");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn java_runs() {
    let Some(house) = House::open().await else { return };
    if let Some(output) = run(&house, &["/usr/bin/java", "-XX:+UseSerialGC", "--version"]).await {
        assert!(output.contains("Runtime Environment"), "{output}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn go_programs_run() {
    let Some(house) = House::open().await else { return };
    if let Some(output) = run(&house, &["/usr/local/go/bin/go", "version"]).await {
        assert!(output.starts_with("go version"), "{output}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_threads_processes_and_tls_run() {
    let Some(house) = House::open().await else { return };
    let source = "import ssl, subprocess, threading, multiprocessing, socket\n\
        t = threading.Thread(target=lambda: print('thread', flush=True)); t.start(); t.join()\n\
        print(subprocess.run(['/bin/sh', '-c', 'echo shell'], capture_output=True, text=True).stdout.strip())\n\
        print(len(ssl.create_default_context().get_ca_certs()) > 0, multiprocessing.Lock() is not None)\n\
        print(socket.gethostbyname('localhost'), socket.gethostbyname(socket.gethostname()))";
    let output = house.python(source).await;
    assert_eq!(said(&output), "thread\nshell\nTrue True\n127.0.0.1 169.254.100.1");
    house.close().await;
}
