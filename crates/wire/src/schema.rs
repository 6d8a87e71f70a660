//! The tables: what a structure's members are called, where they travel, and what they must satisfy.

/// The type of a member or an element.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    String,
    /// A string out of a fixed set.
    Enum(&'static [&'static str]),
    Blob,
    Boolean,
    /// 32 bits.
    Integer,
    /// 64 bits.
    Long,
    Double,
    Timestamp,
    List(&'static Type),
    /// Keys are strings.
    Map(&'static Type),
    /// A function, so that structures may contain themselves.
    Structure(fn() -> &'static Schema),
    /// Any JSON.
    Document,
    /// The raw body; never enters a codec.
    Payload,
    /// A stream of events, which a union's members are; never enters a codec.
    Events(fn() -> &'static Schema),
}

/// Where a member travels in HTTP. Only the rest tongues look at it; the others carry every member in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    Body,
    /// `{Name}` in the operation's URI; the member's own name.
    Label,
    Query(&'static str),
    Header(&'static str),
    /// The status of the answer.
    Status,
    /// The whole body.
    Payload,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    /// The tongue's own: epoch seconds in JSON bodies, ISO 8601 in XML and query, HTTP date in headers.
    Default,
    EpochSeconds,
    EpochMillis,
    Iso8601,
    HttpDate,
}

/// What a value must satisfy. AWS words for each are in `validate`.
#[derive(Clone, Copy, Debug)]
pub struct Checks {
    /// Characters of a string, items of a list or map, bytes of a blob; both ends included.
    pub length: Option<(usize, usize)>,
    /// `length` counts the bytes of the UTF-8 form instead of characters (SQS).
    pub in_bytes: bool,
    pub range: Option<(i64, i64)>,
    pub float_range: Option<(f64, f64)>,
    /// Must match as a whole. AWS's text of the pattern is what the error shows.
    pub pattern: Option<&'static str>,
    /// For elements, keys and values: AWS's words name the rule `Member must not be null` beside the others. A null
    /// among them is refused in any case.
    pub not_null: bool,
}

impl Checks {
    pub const NONE: Self =
        Self { length: None, in_bytes: false, range: None, float_range: None, pattern: None, not_null: false };

    pub const fn len(mut self, least: usize, most: usize) -> Self {
        self.length = Some((least, most));
        self
    }

    pub const fn pattern(mut self, pattern: &'static str) -> Self {
        self.pattern = Some(pattern);
        self
    }

    pub const fn not_null(mut self) -> Self {
        self.not_null = true;
        self
    }

    pub const fn range(mut self, least: i64, most: i64) -> Self {
        self.range = Some((least, most));
        self
    }

    pub const fn float_range(mut self, least: f64, most: f64) -> Self {
        self.float_range = Some((least, most));
        self
    }
}

/// One member of a structure. The builder methods are the attributes that `shape!` takes in brackets.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// The member's name in the contract, and its JSON key.
    pub name: &'static str,
    pub ty: Type,
    pub required: bool,
    pub location: Location,
    pub checks: Checks,
    /// For the elements of a list or the values of a map.
    pub each: Checks,
    /// For the keys of a map.
    pub keys: Checks,
    pub time: TimeFormat,
    /// The name in XML and query, where it differs.
    pub xml: Option<&'static str>,
    /// The XML and query name of a list's elements (`member` unless told otherwise).
    pub element: &'static str,
    pub flattened: bool,
    /// Never shown in logs or error texts.
    pub sensitive: bool,
}

impl Member {
    pub const fn new(name: &'static str, ty: Type, required: bool) -> Self {
        Self {
            name,
            ty,
            required,
            location: Location::Body,
            checks: Checks::NONE,
            each: Checks::NONE,
            keys: Checks::NONE,
            time: TimeFormat::Default,
            xml: None,
            element: "member",
            flattened: false,
            sensitive: false,
        }
    }

    /// The name in XML and query.
    pub fn xml_name(&self) -> &'static str {
        self.xml.unwrap_or(self.name)
    }

    pub const fn label(mut self) -> Self {
        self.location = Location::Label;
        self
    }

    pub const fn query(mut self, name: &'static str) -> Self {
        self.location = Location::Query(name);
        self
    }

    pub const fn header(mut self, name: &'static str) -> Self {
        self.location = Location::Header(name);
        self
    }

    pub const fn status(mut self) -> Self {
        self.location = Location::Status;
        self
    }

    pub const fn payload(mut self) -> Self {
        self.location = Location::Payload;
        self
    }

    pub const fn len(mut self, least: usize, most: usize) -> Self {
        self.checks = self.checks.len(least, most);
        self
    }

    /// Length in bytes rather than characters.
    pub const fn bytes(mut self, least: usize, most: usize) -> Self {
        self.checks = self.checks.len(least, most);
        self.checks.in_bytes = true;
        self
    }

    pub const fn range(mut self, least: i64, most: i64) -> Self {
        self.checks = self.checks.range(least, most);
        self
    }

    pub const fn float_range(mut self, least: f64, most: f64) -> Self {
        self.checks = self.checks.float_range(least, most);
        self
    }

    pub const fn pattern(mut self, pattern: &'static str) -> Self {
        self.checks = self.checks.pattern(pattern);
        self
    }

    pub const fn each(mut self, checks: Checks) -> Self {
        self.each = checks;
        self
    }

    pub const fn keys(mut self, checks: Checks) -> Self {
        self.keys = checks;
        self
    }

    pub const fn time(mut self, format: TimeFormat) -> Self {
        self.time = format;
        self
    }

    pub const fn xml(mut self, name: &'static str) -> Self {
        self.xml = Some(name);
        self
    }

    pub const fn element(mut self, name: &'static str) -> Self {
        self.element = name;
        self
    }

    pub const fn flattened(mut self) -> Self {
        self.flattened = true;
        self
    }

    pub const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }
}

/// A structure's table.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    pub name: &'static str,
    pub members: &'static [Member],
}

impl Schema {
    /// Whether this is [`crate::Nothing`]: no structure at all, which some tongues tell from one without members.
    pub fn is_nothing(&self) -> bool {
        self.members.is_empty() && self.name == "Nothing"
    }

    pub fn member(&self, name: &str) -> Option<&'static Member> {
        self.members.iter().find(|member| member.name == name)
    }
}
