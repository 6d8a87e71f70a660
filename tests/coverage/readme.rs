//! The table of what is done, which README.md shows.

use lambdad::house::CONTRACTS;
use wire::ServiceSpec;

use crate::tidy::root;

const BEGIN: &str = "<!-- coverage -->";
const END: &str = "<!-- /coverage -->";

#[test]
fn the_readme_shows_what_is_done() {
    let path = root().join("README.md");
    let readme = std::fs::read_to_string(&path).expect("README.md");
    let (before, shown, after) = cut(&readme);
    let table = table();
    print!("{table}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}\n{table}{END}{after}")).expect("README.md can be written");
    } else {
        let lesson = "UPDATE=1 cargo test -p tests readme writes it";
        assert!(shown == format!("\n{table}"), "README.md must show this ({lesson}):\n\n{BEGIN}\n{table}{END}\n");
    }
}

/// What stands before the markers, between them and after them.
fn cut(readme: &str) -> (&str, &str, &str) {
    let begun = readme.split_once(BEGIN).unwrap_or_else(|| panic!("README.md lacks the marker {BEGIN}"));
    let ended = begun.1.split_once(END).unwrap_or_else(|| panic!("README.md lacks the marker {END}"));
    (begun.0, ended.0, ended.1)
}

fn table() -> String {
    let rows: String = CONTRACTS.iter().map(|spec| row(spec)).collect();
    format!("| service | known | done | operations done |\n|---|---|---|---|\n{rows}")
}

fn row(spec: &ServiceSpec) -> String {
    let done: Vec<_> = spec.operations.iter().filter(|operation| operation.is_done()).map(|one| one.name).collect();
    format!("| {} | {} | {} | {} |\n", spec.name, spec.operations.len(), done.len(), done.join(", "))
}
