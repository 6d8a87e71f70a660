//! The door, against a server on loopback that it must not reach unless it is allowed to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// Answers every request with `answer`; counts the connections.
async fn server(tasks: &Tasks, answer: &'static str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let reached = Arc::new(AtomicUsize::new(0));
    let count = reached.clone();
    tasks.spawn_until_closing("server", async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let mut asked = [0; 4096];
            let read = stream.read(&mut asked).await.unwrap_or(0);
            assert!(read > 0);
            stream.write_all(answer.as_bytes()).await.expect("written");
        }
    });
    (port, reached)
}

fn outside(tasks: &Tasks, rules: &[&str]) -> Outside {
    let rules: Vec<String> = rules.iter().map(|rule| (*rule).to_owned()).collect();
    Outside::new(Allowed::parse(&rules, &[]).expect("rules"), Clock::wall(), tasks.clone())
}

async fn get(door: &Outside, url: String) -> Result<Answer, Error> {
    door.fetch(Outgoing { method: "GET", url, headers: Vec::new(), body: Bytes::new() }).await
}

const HELLO: &str = "HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 5\r\n\r\nhello";

#[tokio::test]
async fn loopback_is_refused_however_it_is_named() {
    let tasks = Tasks::new();
    let (port, reached) = server(&tasks, HELLO).await;
    let door = outside(&tasks, &[]);
    for host in ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0.0.0.0", "[::ffff:127.0.0.1]"] {
        let answer = get(&door, format!("http://{host}:{port}/")).await;
        assert!(matches!(answer, Err(Error::Refused { .. } | Error::Unreachable { .. })), "{host}: {answer:?}");
    }
    assert_eq!(reached.load(Ordering::SeqCst), 0);
    // The control: the same server is there for whoever may reach it. A redirection is not followed.
    let answer = get(&outside(&tasks, &["127.0.0.0/8"]), format!("http://127.0.0.1:{port}/")).await.expect("answered");
    assert_eq!((answer.status, answer.header("location")), (302, Some("http://elsewhere/")));
    assert_eq!(answer.read(5).await.expect("read"), "hello");
    assert_eq!(reached.load(Ordering::SeqCst), 1);
    tasks.close().await;
}

#[tokio::test]
async fn an_answer_has_a_limit() {
    let tasks = Tasks::new();
    let (port, _) = server(&tasks, HELLO).await;
    let answer = get(&outside(&tasks, &["127.0.0.1"]), format!("http://127.0.0.1:{port}/")).await.expect("answered");
    assert_eq!(answer.read(4).await, Err(Error::TooLong(4)));
    tasks.close().await;
}

#[tokio::test]
async fn what_is_no_url_of_a_host_is_refused() {
    let tasks = Tasks::new();
    let door = outside(&tasks, &["127.0.0.0/8"]);
    for url in ["", "/x", "file:///etc/passwd", "ftp://h/", "http://", "http://u@127.0.0.1/", "http://a b/"] {
        assert!(matches!(get(&door, url.to_owned()).await, Err(Error::Refused { .. })), "{url}");
    }
    tasks.close().await;
}
