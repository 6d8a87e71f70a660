//! Functions are short.

use syn::spanned::Spanned;
use syn::visit::Visit;

use super::{none, sources, without_exceptions};

const MOST_LINES: usize = 70;

/// Functions over the limit, each with its reason.
const EXCEPTIONS: &[(&str, &str)] = &[];

#[derive(Default)]
struct Lengths(Vec<(String, usize)>);

impl Lengths {
    fn note(&mut self, name: &syn::Ident, block: &syn::Block) {
        let span = block.span();
        self.0.push((name.to_string(), span.end().line - span.start().line + 1));
    }
}

impl<'ast> Visit<'ast> for Lengths {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.note(&item.sig.ident, &item.block);
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.note(&item.sig.ident, &item.block);
        syn::visit::visit_impl_item_fn(self, item);
    }
}

fn lengths() -> Vec<(String, usize)> {
    let mut all = Vec::new();
    for source in sources() {
        let file = syn::parse_file(&source.text).unwrap_or_else(|error| panic!("{}: {error}", source.path));
        let mut lengths = Lengths::default();
        lengths.visit_file(&file);
        all.extend(lengths.0.into_iter().map(|(name, lines)| (format!("{}:{name}", source.path), lines)));
    }
    all
}

#[test]
fn no_function_is_longer_than_a_page() {
    let long = lengths().into_iter().filter(|(_, lines)| *lines > MOST_LINES);
    let found = long.map(|(name, lines)| (name.clone(), format!("{name} has {lines} lines"))).collect();
    none(without_exceptions(found, EXCEPTIONS), "A function of over 70 lines does several things: give each a name.");
}

#[test]
fn nine_functions_in_ten_are_short() {
    let mut lines: Vec<_> = lengths().into_iter().map(|(_, lines)| lines).collect();
    lines.sort_unstable();
    let (median, ninth) = (lines[lines.len() / 2], lines[lines.len() * 9 / 10]);
    assert!(median <= 10, "the median function has {median} lines");
    assert!(ninth <= 35, "one function in ten has {ninth} lines or more");
}
