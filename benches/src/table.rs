//! The rows, and how they are printed.

use anyhow::bail;

use crate::{create, durable, echo, start};

/// One measured ratio of each round.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    pub(crate) ratios: Vec<f64>,
    /// What the last round saw, in words.
    pub(crate) seen: String,
}

struct Row {
    number: &'static str,
    metric: &'static str,
    goal: &'static str,
    measure: fn() -> anyhow::Result<Rounds>,
}

const ROWS: &[Row] = &[
    Row {
        number: "14",
        metric: "durable CreateFunction/s, 16 clients / raw 4 KB fdatasync/s",
        goal: ">= 2",
        measure: create::measure,
    },
    Row { number: "15a", metric: "start to first answer / a bare hyper binary's", goal: "<= 5", measure: start::time },
    Row { number: "15b", metric: "idle memory / a bare hyper binary's", goal: "<= 8", measure: start::memory },
    Row {
        number: "18a",
        metric: "1 MB through a Node.js function and back / through a bare socket",
        goal: "<= 3",
        measure: echo::one_megabyte,
    },
    Row {
        number: "18b",
        metric: "6 MB through a Node.js function and back / through a bare socket",
        goal: "<= 3",
        measure: echo::six_megabytes,
    },
    Row {
        number: "S",
        metric: "durable store commits/s, 64 clients / raw group-committed append/s",
        goal: "-",
        measure: durable::measure,
    },
];

/// All rows, or those whose number is `wanted`.
pub(crate) fn run(wanted: Option<&str>) -> anyhow::Result<()> {
    let rows: Vec<_> = ROWS
        .iter()
        .filter(|row| {
            wanted.is_none_or(|wanted| row.number.trim_end_matches(['a', 'b']) == wanted || row.number == wanted)
        })
        .collect();
    if rows.is_empty() {
        bail!("there is no row {}", wanted.unwrap_or_default());
    }
    print(&format!(
        "{:<5}{:<68}{:>8}{:>8}{:>8}  {:<7}{}",
        "row", "metric", "p10", "p50", "spread", "goal", "last round"
    ));
    for row in rows {
        let rounds = (row.measure)()?;
        print(&line(row, rounds));
    }
    Ok(())
}

fn line(row: &Row, rounds: Rounds) -> String {
    let mut ratios = rounds.ratios;
    ratios.sort_by(f64::total_cmp);
    let at = |share: f64| ratios[((ratios.len() - 1) as f64 * share).round() as usize];
    let spread = at(1.0) - at(0.0);
    format!(
        "{:<5}{:<68}{:>8.2}{:>8.2}{:>8.2}  {:<7}{}",
        row.number,
        row.metric,
        at(0.1),
        at(0.5),
        spread,
        row.goal,
        rounds.seen
    )
}

#[expect(clippy::print_stdout, reason = "the table is this program's output")]
fn print(line: &str) {
    println!("{line}");
}
