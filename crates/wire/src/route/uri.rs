//! An operation's URI: segments, labels, and the query that tells it from its neighbours.

/// One segment of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Literal(&'static str),
    Label(&'static str),
    /// `{Name+}`: the rest of the path, slashes included.
    Greedy(&'static str),
}

/// A parsed URI such as `/2018-10-31/layers/{LayerName}?find=LayerVersion`.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(crate) parts: Vec<Part>,
    /// Names and values that the query must have.
    pub(crate) query: Vec<(&'static str, &'static str)>,
}

impl Template {
    pub(crate) fn parse(uri: &'static str) -> Self {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let parts = path.trim_matches('/').split('/').filter(|part| !part.is_empty()).map(part).collect();
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Self { parts, query: pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect() }
    }

    pub(crate) fn labels(&self) -> impl Iterator<Item = &'static str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Label(name) | Part::Greedy(name) => Some(*name),
        })
    }
}

fn part(text: &'static str) -> Part {
    match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        None => Part::Literal(text),
        Some(name) => name.strip_suffix('+').map_or(Part::Label(name), Part::Greedy),
    }
}
