//! The bytes of `docs/format/`, as they are really written. Whoever changes them needs a new format number, a step in
//! `schema::migrate`, and the old bytes here as what that step begins with.

use std::time::Duration;

use base::Arn;
use base::doors::Letter;
use bytes::Bytes;

use super::house::{memory, person};
use crate::engine::Range;
use crate::{LogName, QueueName, SeriesName, TimerName};

/// Printable bytes as they are, the others as hexadecimal digits in brackets.
fn show(bytes: &[u8]) -> String {
    let show = |byte: &u8| match byte {
        b' '..=b'~' => char::from(*byte).to_string(),
        other => format!("[{other:02x}]"),
    };
    bytes.iter().map(show).collect::<String>().replace("][", " ")
}

fn letter(group: &str) -> Letter {
    Letter {
        id: "1".to_owned(),
        to: Arn::parse("arn:aws:sqs:r:a:q").unwrap(),
        body: Bytes::from("b"),
        attributes: vec![("k".to_owned(), "v".to_owned())],
        cause: "c".to_owned(),
        sent_as: "s".to_owned(),
        group: group.to_owned(),
    }
}

const EXPECTED: &str = r"
e lease[00 01 00] = [01 81 a5]owner[a2]me @-
e lease[00 01 01] = [01 81 aa]expires_ms[ce];[9a cd e8] @-
iset[00 01]id = body @5
llog[00 01 00 00 00 00 00 00 00 02] = line @-
odlarn:aws:sqs:r:a:q[00 01]g[00 01] =  @1000000000
ods[00 00 00 00 00 00 00 05] = [01 87 a2]id[a1]1[a2]to[b1]arn:aws:sqs:r:a:q[a4]body[c4 01]b[aa]attributes[91 92 a1]k[a1]v[a5]cause[a1]c[a7]sent_as[a1]s[a5]group[a0] @1000000000
olarn:aws:sqs:r:a:q[00 01]g[00 01 00 00 00 00 00 00 00 06] = [01 87 a2]id[a1]1[a2]to[b1]arn:aws:sqs:r:a:q[a4]body[c4 01]b[aa]attributes[91 92 a1]k[a1]v[a5]cause[a1]c[a7]sent_as[a1]s[a5]group[a1]g @-
qqueue[00 01 00 00 00 00 00 00 00 04] = message @1000001000
sseries[00 01 80 00 00 00 00 00 00 07 00 00 00 00 00 00 00 03] = point @-
tperson[00 01]red[00 01]ann[00 01] = [01 83 a4]team[a3]red[a4]name[a3]ann[a3]age[1e] @-
";

#[tokio::test(start_paused = true)]
async fn the_bytes_are_the_ones_that_were_drawn() {
    let house = memory().await;
    let space = house.space();
    space.leases().acquire(" lease", "me", Duration::from_secs(1)).await.unwrap();
    let mut batch = space.batch();
    batch.put(&person("red", "ann", 30));
    batch.append(&LogName::new("log"), "line");
    batch.record(&SeriesName::new("series"), 7, "point");
    batch.send(&QueueName::new("queue"), "message", Duration::from_secs(1));
    batch.set_timer(&TimerName::new("set"), b"id", 5, "body");
    batch.post(&letter("")).post(&letter("g"));
    batch.commit().await.unwrap();

    let rows = space.range(Range::prefix(b"")).await.unwrap();
    let due = |due: Option<i64>| due.map_or_else(|| "-".to_owned(), |due_ms| due_ms.to_string());
    let shown = rows.iter().map(|row| format!("{} = {} @{}", show(&row.key), show(&row.value), due(row.due_ms)));
    assert_eq!(shown.collect::<Vec<_>>().join("\n"), EXPECTED.trim());
}
