//! XML into values: the client's side of the query tongue. No entities but XML's own five, no document type.

use base::{Fields, Value, limits};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

use super::{Unreadable, text, unique};
use crate::schema::{Member, Schema, Type};

/// An element: its local name, its text, its children.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let text = std::str::from_utf8(bytes).map_err(|error| malformed(&error))?;
        let mut reader = Reader::from_str(text);
        let mut growing = Growing { stack: vec![Self::default()], elements: 0 };
        loop {
            let event = reader.read_event().map_err(|error| malformed(&error))?;
            if matches!(event, Event::Eof) {
                return growing.finish();
            }
            growing.take(event)?;
        }
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(crate) fn structure(&self, schema: &Schema) -> Result<Fields, Unreadable> {
        let mut fields = Fields::new();
        for member in schema.members {
            let name = member.xml_name();
            let value = match &member.ty {
                Type::List(item) if member.flattened => self.list(name, item, member)?,
                Type::Map(item) if member.flattened => self.map(name, item, member)?,
                ty => match self.child(name) {
                    Some(child) => child.value(ty, member)?,
                    None => continue,
                },
            };
            // A flattened list without items can't be told from an absent one.
            if !member.flattened || self.child(name).is_some() {
                fields.push(member.name, value);
            }
        }
        Ok(fields)
    }

    fn value(&self, ty: &Type, member: &Member) -> Result<Value, Unreadable> {
        match ty {
            Type::Structure(schema) => self.structure(schema()).map(Value::Map),
            Type::List(item) => self.list(member.element, item, member),
            Type::Map(item) => self.map("entry", item, member),
            scalar => text::read(&self.text, scalar, member.time)
                .ok_or_else(|| Unreadable::wrong_type(format!("{} is not a {scalar:?}", self.name))),
        }
    }

    fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    fn list(&self, name: &str, item: &Type, member: &Member) -> Result<Value, Unreadable> {
        self.named(name).map(|child| child.value(item, member)).collect::<Result<_, _>>().map(Value::List)
    }

    fn map(&self, name: &str, item: &Type, member: &Member) -> Result<Value, Unreadable> {
        let entries = self.named(name).filter_map(|entry| {
            let key = entry.child("key").map(|key| key.text.clone()).unwrap_or_default();
            let value = entry.child("value")?.value(item, member);
            Some(value.map(|value| (key, value)))
        });
        unique(entries).map(Value::Map)
    }
}

fn malformed(error: &dyn std::fmt::Display) -> Unreadable {
    Unreadable::Syntax { words: error.to_string() }
}

/// The elements that are open; the first stands for the document.
struct Growing {
    stack: Vec<Element>,
    elements: usize,
}

impl Growing {
    fn take(&mut self, event: Event<'_>) -> Result<(), Unreadable> {
        match event {
            Event::Start(start) => self.open(start.local_name().as_ref()),
            Event::Empty(start) => self.open(start.local_name().as_ref()).and_then(|()| self.close()),
            Event::End(_) => self.close(),
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => self.text(&resolve(&reference)?),
            Event::DocType(_) => Err(malformed(&"a document type is not accepted")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn open(&mut self, name: &str) -> Result<(), Unreadable> {
        self.elements += 1;
        if self.elements > limits::wire::VALUES || self.stack.len() > limits::wire::DEPTH {
            return Err(Unreadable::TooMany { what: "elements", limit: limits::wire::VALUES });
        }
        self.stack.push(Element { name: name.to_owned(), ..Element::default() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Unreadable> {
        let closed = self.stack.pop();
        match (closed, self.stack.last_mut()) {
            (Some(closed), Some(parent)) => {
                parent.children.push(closed);
                Ok(())
            }
            _ => Err(malformed(&"an end without a start")),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), Unreadable> {
        if let Some(open) = self.stack.last_mut() {
            open.text.push_str(text);
        }
        Ok(())
    }

    /// The document's only element.
    fn finish(mut self) -> Result<Element, Unreadable> {
        let document = self.stack.pop().filter(|_| self.stack.is_empty());
        match document.map(|document| document.children) {
            Some(mut roots) if roots.len() == 1 => Ok(roots.remove(0)),
            _ => Err(malformed(&"not one whole document")),
        }
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, Unreadable> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| malformed(&error))? {
        return Ok(character.to_string());
    }
    let name = reference.xml10_content();
    match quick_xml::escape::resolve_predefined_entity(&name) {
        Some(text) => Ok(text.to_owned()),
        None => Err(malformed(&format!("unknown entity {name}"))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::xml_write::Writer;

    proptest! {
        #[test]
        fn text_comes_back(text in "[ -\u{d7ff}\r\n\t]{0,40}") {
            let mut writer = Writer::default();
            writer.leaf("A", &text);
            let read = Element::read(writer.finish().as_bytes()).expect("well formed");
            prop_assert_eq!(read.text, text);
        }

        #[test]
        fn characters_that_xml_lacks_leave_it_readable(text in "[\u{0}-\u{1f}\u{fffd}-\u{ffff}]{0,20}") {
            let mut writer = Writer::default();
            writer.leaf("A", &text);
            prop_assert!(Element::read(writer.finish().as_bytes()).is_ok());
        }

        #[test]
        fn hostile_xml_is_refused_not_feared(
            text in "(<a>|</a>|<a/>|&lt;|&#0;|&x;|<!DOCTYPE x|<!\\[CDATA\\[|\\]\\]>|<\\?|[ -~]){0,40}",
        ) {
            let _ = Element::read(text.as_bytes());
        }
    }

    #[test]
    fn depth_is_limited() {
        let deep = "<a>".repeat(100_000);
        assert!(matches!(Element::read(deep.as_bytes()), Err(Unreadable::TooMany { .. })));
    }
}
