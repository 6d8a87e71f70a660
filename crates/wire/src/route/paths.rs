//! The paths of a rest service as a tree of segments. A literal is tried before a label.
//!
//! The path is cut at its own slashes and each segment is decoded after, so an ARN's `%2F` never cuts. One slash at
//! the end is ignored (older clients write `/functions/`), unless a greedy label wants it.

use std::borrow::Cow;
use std::collections::HashMap;

use super::uri::{Part, Template};
use crate::codec::form;
use crate::message::Request;
use crate::operation::OperationSpec;

type Labels = Vec<(&'static str, String)>;

#[derive(Debug, Default)]
pub(super) struct Paths {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<&'static str, Node>,
    label: Option<Box<Node>>,
    /// Routes that end with a greedy label here.
    greedy: Vec<Route>,
    routes: Vec<Route>,
}

#[derive(Debug)]
struct Route {
    operation: &'static OperationSpec,
    template: Template,
}

impl Paths {
    pub(super) fn new(operations: &[&'static OperationSpec]) -> Self {
        let mut root = Node::default();
        for operation in operations {
            let template = Template::parse(operation.http.uri);
            root.add(&template.parts.clone(), Route { operation, template });
        }
        root.sort();
        Self { root }
    }

    pub(super) fn find(&self, request: &Request) -> Option<(&'static OperationSpec, Labels)> {
        let segments = segments(&request.path)?;
        let query: Vec<_> = form::pairs(request.query.as_bytes()).collect();
        let suits = |route: &Route| route.suits(request.method.as_str(), &query);
        let mut taken = Vec::new();
        let route = self.root.find(&segments, &mut taken, &suits)?;
        Some((route.operation, route.template.labels().zip(taken).collect()))
    }

    /// Whether the path is one of ours for any method.
    pub(super) fn knows(&self, request: &Request) -> bool {
        segments(&request.path)
            .is_some_and(|segments| self.root.find(&segments, &mut Vec::new(), &|_: &Route| true).is_some())
    }
}

/// The decoded segments; `None` if one is not UTF-8.
fn segments(path: &str) -> Option<Vec<Cow<'_, str>>> {
    path.strip_prefix('/').unwrap_or(path).split('/').map(form::decode).collect()
}

impl Route {
    fn suits(&self, method: &str, query: &[(String, String)]) -> bool {
        let has = |(name, value): &(&str, &str)| query.iter().any(|(n, v)| n == name && v == value);
        self.operation.http.method == method && self.template.query.iter().all(has)
    }
}

impl Node {
    fn add(&mut self, parts: &[Part], route: Route) {
        match parts.split_first() {
            None => self.routes.push(route),
            Some((Part::Greedy(_), _)) => self.greedy.push(route),
            Some((Part::Literal(text), rest)) => self.literals.entry(text).or_default().add(rest, route),
            Some((Part::Label(_), rest)) => self.label.get_or_insert_default().add(rest, route),
        }
    }

    /// The more a route asks of the query, the earlier it is tried.
    fn sort(&mut self) {
        for routes in [&mut self.routes, &mut self.greedy] {
            routes.sort_by_key(|route| std::cmp::Reverse(route.template.query.len()));
        }
        self.literals.values_mut().for_each(Self::sort);
        if let Some(label) = &mut self.label {
            label.sort();
        }
    }

    fn find(
        &self,
        segments: &[Cow<'_, str>],
        taken: &mut Vec<String>,
        suits: &dyn Fn(&Route) -> bool,
    ) -> Option<&Route> {
        let ended = matches!(segments, [] | [Cow::Borrowed("")]);
        if let Some(found) = self.routes.iter().find(|route| ended && suits(route)) {
            return Some(found);
        }
        let (first, rest) = segments.split_first()?;
        if let Some(found) = self.literals.get(first.as_ref()).and_then(|node| node.find(rest, taken, suits)) {
            return Some(found);
        }
        let before = taken.len();
        if let (Some(label), false) = (&self.label, first.is_empty()) {
            taken.push(first.to_string());
            if let Some(found) = label.find(rest, taken, suits) {
                return Some(found);
            }
            taken.truncate(before);
        }
        let found = self.greedy.iter().find(|route| suits(route) && segments != [""])?;
        taken.push(segments.join("/"));
        Some(found)
    }
}
