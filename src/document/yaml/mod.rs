//! The YAML reader: text of a policy or a template becomes a [`Node`] tree.
//!
//! Owns the step from the parser's events to the tree: CloudFormation's short forms, aliases and merge keys, the
//! reading of unquoted scalars, spans in bytes. The grammar is `granit-parser`'s. Must not know what the document is
//! for.

mod mistake;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag};

use super::collected::{push, take_above};
use super::{
    Document, Entry, Intrinsic, MAXIMUM_DEPTH, Node, Span, Syntax, Value, Written, maximum_values, scalar,
};

/// How many values anchors and aliases may stand for together, beside those that are written.
///
/// More than templates of a megabyte hold, CloudFormation's limit. Text that has to be copied with them counts too: a
/// value for each hundred bytes, about what a value takes in memory.
pub const MAXIMUM_COPIES: usize = 100_000;

const BYTES_PER_COPY: usize = 100;

/// Why a text is not a YAML document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Byte offset of the place that cannot be read.
    pub offset: usize,
    /// What is wrong there, and what to do; no full stop.
    pub message: String,
}

impl Error {
    fn new(offset: usize, message: impl Into<String>) -> Self {
        Self { offset, message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.message, self.offset)
    }
}

impl std::error::Error for Error {}

/// Reads one YAML document; an empty text is null.
///
/// # Errors
/// A text that is not YAML, holds a second document, an anchor, an alias, a merge key, a key that is not a plain word
/// or a string, nests deeper than [`MAXIMUM_DEPTH`], holds more than [`maximum_values`] keys and values, or is 4 GiB and
/// larger.
pub fn read(text: &str) -> Result<Node<'_>, Error> {
    Ok(build(text, false)?.root)
}

/// Reads one YAML document, expanding anchors, aliases and merge keys; an empty text is null.
///
/// # Errors
/// As [`read`]; an alias inside its own anchor, a merge key whose value is no map, and aliases that stand for more than
/// [`MAXIMUM_COPIES`] values.
pub fn read_template(text: &str) -> Result<Document<'_>, Error> {
    build(text, true)
}

fn build(text: &str, expands_aliases: bool) -> Result<Document<'_>, Error> {
    if u32::try_from(text.len()).is_err() {
        return Err(Error::new(0, "larger than 4 GiB"));
    }
    let mut builder = Builder {
        text,
        expands_aliases,
        root: None,
        open: Vec::new(),
        items: Vec::new(),
        entries: Vec::new(),
        anchored: HashMap::new(),
        copies_left: MAXIMUM_COPIES,
        alias: None,
        shared: Vec::new(),
        read_to: text.len() - text.trim_start_matches('\u{feff}').len(),
        separators: if text.is_ascii() { VecDeque::new() } else { separators(text) },
    };
    let options = granit_parser::options! {
        flow_nesting_limit: MAXIMUM_DEPTH,
        block_nesting_limit: MAXIMUM_DEPTH,
        emit_anchor_events: true,
    };
    let mut values_left = maximum_values(text.len());
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| mistake::explain(text, &error))?;
        if matches!(event, Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..)) {
            let start = || span.byte_range().unwrap_or_default().start;
            values_left =
                values_left.checked_sub(1).ok_or_else(|| Error::new(start(), mistake::TOO_MANY_VALUES))?;
        }
        let tag_start = span.tag_start().and_then(|mark| mark.byte_offset());
        builder.event(event, span.byte_range().unwrap_or_default(), tag_start)?;
    }
    builder.refuse_separators_before(text.len())?;
    let nothing = Node { value: Value::Null, span: Some(Span::new(0, 0)) };
    Ok(Document {
        root: builder.root.unwrap_or(nothing),
        syntax: Syntax::Yaml,
        alias: builder.alias,
        shared: outermost(builder.shared),
    })
}

/// Those of some values' places that are inside no other, in the order of the text.
fn outermost(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable_by_key(|span| (span.start, Reverse(span.end())));
    let mut covered_to = 0;
    spans.retain(|span| {
        let is_outside = span.end() > covered_to;
        covered_to = covered_to.max(span.end());
        is_outside
    });
    spans
}

struct Builder<'a> {
    text: &'a str,
    expands_aliases: bool,
    root: Option<Node<'a>>,
    open: Vec<Collection<'a>>,
    /// The items of all open lists, the innermost last: each list then gets exactly the memory it needs, at once.
    items: Vec<Node<'a>>,
    /// The entries of all open maps, likewise.
    entries: Vec<Entry<'a>>,
    /// A copy of each anchored value that is complete, by the parser's number for it.
    anchored: HashMap<usize, Node<'a>>,
    copies_left: usize,
    alias: Option<Span>,
    shared: Vec<Span>,
    /// The end of the last token that the parser has placed; between it and the next stand only indicators, comments,
    /// tags and anchors.
    read_to: usize,
    /// Where [`SEPARATORS`] stand that have not been passed yet.
    separators: VecDeque<usize>,
}

/// What ends a line in YAML 1.1 (<https://yaml.org/spec/1.1/#b-generic>), which CloudFormation documents, and not in
/// YAML 1.2: behind it a comment hides a key from one reader and not from the other.
const SEPARATORS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

fn separators(text: &str) -> VecDeque<usize> {
    text.match_indices(SEPARATORS).map(|(offset, _)| offset).collect()
}

/// A list or map whose end has not come yet.
struct Collection<'a> {
    content: Content<'a>,
    /// Where its children begin among those of all open collections.
    first: usize,
    start: usize,
    /// The end of the last child.
    end: usize,
    /// How many levels of nesting it is on, itself included. A short form is a level, as its long form is.
    depth: usize,
    properties: Properties<'a>,
}

enum Content<'a> {
    Sequence,
    Mapping { key: Option<Key<'a>>, merged: Option<Node<'a>> },
}

struct Key<'a> {
    text: Written<'a>,
    span: Span,
    is_merge: bool,
}

/// What is written before a node.
struct Properties<'a> {
    function: Option<Written<'a>>,
    tag_start: Option<usize>,
    /// The parser's number for the anchor; zero for none.
    anchor: usize,
}

impl<'a> Builder<'a> {
    fn event(
        &mut self,
        event: Event<'a>,
        place: Range<usize>,
        tag_start: Option<usize>,
    ) -> Result<(), Error> {
        let properties =
            |tag: Option<&Tag>, anchor| Properties { function: tag.and_then(function), tag_start, anchor };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let place = self.scalar_place(&text, style, place, tag.is_some() || anchor != 0);
                self.scalar(text, style, place, tag.as_deref(), properties(tag.as_deref(), anchor))
            }
            Event::SequenceStart(style, anchor, tag) => {
                check_fit(tag.as_deref(), &["seq"], tag_start.unwrap_or(place.start))?;
                let mut start = place.start;
                // The parser places a list that is indented no more than its key at the first item's value.
                if style == StructureStyle::Block
                    && let Some(key) = self.key_before()
                {
                    start = self.find(key.span.end() as usize, b"-").unwrap_or(start);
                }
                self.open(Content::Sequence, start, properties(tag.as_deref(), anchor))
            }
            Event::MappingStart(_, anchor, tag) => {
                check_fit(tag.as_deref(), &["map"], tag_start.unwrap_or(place.start))?;
                let content = Content::Mapping { key: None, merged: None };
                self.open(content, place.start, properties(tag.as_deref(), anchor))
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(place),
            Event::Anchor(..) => self.uses_alias(&place),
            Event::Alias(anchor) => {
                self.uses_alias(&place)?;
                self.expand(anchor, place)
            }
            Event::DocumentStart(..) if self.root.is_some() => {
                Err(Error::new(place.start, mistake::SECOND_DOCUMENT))
            }
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: Cow<'a, str>,
        style: ScalarStyle,
        place: Range<usize>,
        tag: Option<&Tag>,
        properties: Properties<'a>,
    ) -> Result<(), Error> {
        self.read_to = self.read_to.max(place.end);
        if matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
            self.pass_separators(&place)?;
        }
        let start = properties.tag_start.unwrap_or(place.start);
        let span = Span::new(place.start, place.end);
        if !self.awaits_key() {
            if properties.function.is_some() && self.depth() == MAXIMUM_DEPTH {
                return Err(Error::new(start, mistake::TOO_DEEP));
            }
            let (value, kinds) = tagged_scalar(text, style, tag);
            check_fit(tag, kinds, start)?;
            return self.close(Node { value, span: Some(span) }, properties);
        }
        if tag.is_some() {
            return Err(Error::new(start, mistake::TAGGED_KEY));
        }
        if style == ScalarStyle::Plain && place.is_empty() {
            return Err(Error::new(start, mistake::NO_KEY));
        }
        let is_merge = style == ScalarStyle::Plain && text == "<<";
        if is_merge {
            self.uses_alias(&place)?;
        }
        if properties.anchor != 0 {
            let node = Node { value: Value::String(text.clone().into()), span: Some(span) };
            self.remember(properties.anchor, &node)?;
        }
        if let Some(Collection { content: Content::Mapping { key, merged }, .. }) = self.open.last_mut() {
            if is_merge && merged.is_some() {
                return Err(Error::new(start, mistake::SECOND_MERGE));
            }
            *key = Some(Key { text: text.into(), span, is_merge });
        }
        Ok(())
    }

    fn open(&mut self, content: Content<'a>, start: usize, properties: Properties<'a>) -> Result<(), Error> {
        let error = |message| Err(Error::new(properties.tag_start.unwrap_or(start), message));
        if self.awaits_key() {
            return match mistake::placeholder(self.text, start) {
                Some(placeholder) => Err(placeholder),
                None => error(mistake::COMPLEX_KEY),
            };
        }
        let depth = self.depth() + 1 + usize::from(properties.function.is_some());
        if depth > MAXIMUM_DEPTH {
            return error(mistake::TOO_DEEP);
        }
        let first = match content {
            Content::Sequence => self.items.len(),
            Content::Mapping { .. } => self.entries.len(),
        };
        self.open.push(Collection { content, first, start, end: start, depth, properties });
        Ok(())
    }

    fn end(&mut self, place: Range<usize>) -> Result<(), Error> {
        let Some(Collection { content, first, start, end, properties, .. }) = self.open.pop() else {
            return Ok(());
        };
        // Only a bracket has a place; a block collection ends with its last child.
        let end = if place.is_empty() { end } else { place.end };
        self.read_to = self.read_to.max(end);
        let span = Span::new(start, end);
        let node = match content {
            Content::Sequence => {
                Node { value: Value::Sequence(take_above(&mut self.items, first)), span: Some(span) }
            }
            Content::Mapping { merged, .. } => {
                let mut entries = take_above(&mut self.entries, first);
                if let Some(merged) = merged {
                    self.shared.push(span);
                    entries = merge(entries.into_vec(), merged)?.into();
                }
                Node::mapping(entries, span)
            }
        };
        self.close(node, properties)
    }

    /// Puts a finished node into the collection it belongs to, as its tag and anchor say.
    fn close(&mut self, node: Node<'a>, properties: Properties<'a>) -> Result<(), Error> {
        let node = match properties.function {
            Some(function) => {
                let start = properties.tag_start.map(|start| Span::new(start, start).start());
                let span = node.span.map(|span| Span::of(start.unwrap_or(span.start()), span.end()));
                Node { value: Value::Intrinsic(Box::new(Intrinsic { function, argument: node })), span }
            }
            None => node,
        };
        if properties.anchor != 0 {
            self.remember(properties.anchor, &node)?;
        }
        self.put(node);
        Ok(())
    }

    fn put(&mut self, node: Node<'a>) {
        let Some(collection) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        collection.end = node.span.map_or(collection.end, |span| span.end() as usize);
        match &mut collection.content {
            Content::Sequence => push(&mut self.items, node),
            Content::Mapping { key, merged } => match key.take() {
                Some(Key { is_merge: true, .. }) => *merged = Some(node),
                Some(Key { text, span, .. }) => {
                    push(&mut self.entries, Entry { key: text, key_span: Some(span), value: node });
                }
                None => {}
            },
        }
    }

    fn remember(&mut self, anchor: usize, node: &Node<'a>) -> Result<(), Error> {
        let start = node.span.map_or(0, |span| span.start as usize);
        let copy = copied(node, MAXIMUM_DEPTH, &mut self.copies_left);
        self.anchored.insert(anchor, copy.map_err(|message| Error::new(start, message))?);
        Ok(())
    }

    fn expand(&mut self, anchor: usize, place: Range<usize>) -> Result<(), Error> {
        let error = |message| Error::new(place.start, message);
        self.read_to = place.end;
        if self.awaits_key() {
            return Err(error(mistake::ALIAS_AS_KEY));
        }
        let levels = MAXIMUM_DEPTH.saturating_sub(self.depth());
        let node = self.anchored.get(&anchor).ok_or_else(|| error(mistake::RECURSIVE_ALIAS))?;
        self.shared.extend([node.span, Some(Span::new(place.start, place.end))].into_iter().flatten());
        let node = copied(node, levels, &mut self.copies_left).map_err(error)?;
        self.put(Node { span: Some(Span::new(place.start, place.end)), ..node });
        Ok(())
    }

    /// In quotes the structure is the same to both; anywhere else one reader sees another document.
    fn pass_separators(&mut self, quoted: &Range<usize>) -> Result<(), Error> {
        self.refuse_separators_before(quoted.start)?;
        while self.separators.pop_front_if(|offset| *offset < quoted.end).is_some() {}
        Ok(())
    }

    fn refuse_separators_before(&self, offset: usize) -> Result<(), Error> {
        match self.separators.front() {
            Some(found) if *found < offset => Err(Error::new(*found, mistake::SEPARATOR)),
            _ => Ok(()),
        }
    }

    fn uses_alias(&mut self, place: &Range<usize>) -> Result<(), Error> {
        if !self.expands_aliases {
            return Err(Error::new(place.start, mistake::NO_ALIASES));
        }
        self.alias.get_or_insert(Span::new(place.start, place.end));
        Ok(())
    }

    fn depth(&self) -> usize {
        self.open.last().map_or(0, |collection| collection.depth)
    }

    /// Whether the next node is the key of a map.
    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Collection { content: Content::Mapping { key: None, .. }, .. }))
    }

    /// The key whose value the next node is.
    fn key_before(&self) -> Option<&Key<'a>> {
        match &self.open.last()?.content {
            Content::Mapping { key, .. } => key.as_ref(),
            Content::Sequence => None,
        }
    }

    /// Where a scalar stands, where the parser says something else.
    fn scalar_place(
        &self,
        text: &str,
        style: ScalarStyle,
        place: Range<usize>,
        has_properties: bool,
    ) -> Range<usize> {
        match style {
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let Some(start) = self.find(self.read_to, b"|>") else { return place };
                start..self.block_scalar_end(text, start, place.end)
            }
            ScalarStyle::Plain if place.is_empty() && !has_properties => {
                let offset = self.place_of_nothing(place.start);
                offset..offset
            }
            _ => place,
        }
    }

    /// The end of the last line with text, or of the indicators when there is none.
    fn block_scalar_end(&self, text: &str, start: usize, read_end: usize) -> usize {
        if text.trim_matches(BLANKS).is_empty() {
            let is_indicator = |byte: &u8| matches!(byte, b'|' | b'>' | b'+' | b'-' | b'0'..=b'9');
            return start + self.after(start).bytes().take_while(is_indicator).count();
        }
        let end = self.before(read_end).trim_end_matches(BLANKS).len();
        end + leading_blanks(self.after(end))
    }

    /// Where an empty value stands that the parser found at an offset: behind its key's colon, or else right behind its
    /// key or dash.
    fn place_of_nothing(&self, found_at: usize) -> usize {
        if let Some(key) = self.key_before() {
            let end = key.span.end() as usize;
            let colon = end + leading_blanks(self.after(end));
            return if self.after(colon).starts_with(':') { colon + 1 } else { end };
        }
        let line = self.before(found_at).rsplit(['\r', '\n']).next().unwrap_or_default();
        let written = line.split('#').next().unwrap_or_default().trim_end_matches(BLANKS);
        found_at - line.len() + written.len()
    }

    fn before(&self, offset: usize) -> &'a str {
        self.text.get(..offset).unwrap_or_default()
    }

    fn after(&self, offset: usize) -> &'a str {
        self.text.get(offset..).unwrap_or_default()
    }

    /// The first of some indicators that the parser has passed after an offset.
    fn find(&self, from: usize, indicators: &[u8]) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut offset = from;
        loop {
            let rest = bytes.get(offset..)?;
            offset += match rest.first()? {
                byte if indicators.contains(byte) => return Some(offset),
                b' ' | b'\t' | b'\r' | b'\n' | b':' | b'-' | b'?' => 1,
                b'#' => rest.iter().take_while(|byte| !matches!(byte, b'\r' | b'\n')).count(),
                b'!' | b'&' => rest.iter().take_while(|byte| !byte.is_ascii_whitespace()).count(),
                _ => return None,
            };
        }
    }
}

/// What separates words and lines.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

fn leading_blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

/// Adds to a map what a merge key says: what is written wins, then what is merged first.
fn merge<'a>(mut entries: Vec<Entry<'a>>, merged: Node<'a>) -> Result<Vec<Entry<'a>>, Error> {
    let mut taken: HashSet<Written<'a>> = entries.iter().map(|entry| entry.key.clone()).collect();
    // What an alias brings stands before it; a person looks at the alias.
    let start_of = |node: &Node<'_>| node.span.map_or(0, |span| span.start as usize);
    let start = start_of(&merged);
    let maps = match merged.value {
        Value::Sequence(maps) => maps,
        _ => [merged].into(),
    };
    for map in maps {
        let offset = start.max(start_of(&map));
        let Value::Mapping(added) = map.value else {
            return Err(Error::new(offset, mistake::MERGED_NO_MAP));
        };
        let mut added = added.into_vec();
        added.retain(|entry| !taken.contains(&entry.key));
        taken.extend(added.iter().map(|entry| entry.key.clone()));
        entries.append(&mut added);
    }
    Ok(entries)
}

/// A copy that nests no deeper than some levels, and what it takes from the copies that are left.
fn copied<'a>(node: &Node<'a>, levels: usize, left: &mut usize) -> Result<Node<'a>, &'static str> {
    let cost_of = |text: &Written<'_>| match text.as_borrowed() {
        Some(_) => 0,
        None => text.len() / BYTES_PER_COPY,
    };
    let cost = match &node.value {
        Value::Number(text) | Value::String(text) => cost_of(text),
        Value::Mapping(entries) => entries.iter().map(|entry| cost_of(&entry.key)).sum(),
        _ => 0,
    };
    *left = left.checked_sub(cost + 1).ok_or(mistake::TOO_MANY_COPIES)?;
    let inner = || levels.checked_sub(1).ok_or(mistake::TOO_DEEP);
    let value = match &node.value {
        Value::Sequence(items) => {
            let inner = inner()?;
            let copies: Result<_, _> = items.iter().map(|item| copied(item, inner, left)).collect();
            Value::Sequence(copies?)
        }
        Value::Mapping(entries) => {
            let inner = inner()?;
            let mut copy = |entry: &Entry<'a>| -> Result<Entry<'a>, &'static str> {
                let value = copied(&entry.value, inner, left)?;
                Ok(Entry { key: entry.key.clone(), key_span: entry.key_span, value })
            };
            let copies: Result<_, _> = entries.iter().map(&mut copy).collect();
            Value::Mapping(copies?)
        }
        Value::Intrinsic(call) => {
            let argument = copied(&call.argument, inner()?, left)?;
            Value::Intrinsic(Box::new(Intrinsic { function: call.function.clone(), argument }))
        }
        scalar => scalar.clone(),
    };
    Ok(Node { value, span: node.span })
}

/// A scalar's value, and the tags of YAML itself that it may have.
fn tagged_scalar<'a>(
    text: Cow<'a, str>,
    style: ScalarStyle,
    tag: Option<&Tag>,
) -> (Value<'a>, &'static [&'static str]) {
    let is_plain = match tag {
        Some(tag) => tag.core_suffix().is_some_and(|name| name != "str"),
        None => style == ScalarStyle::Plain,
    };
    if !is_plain {
        return (Value::String(text.into()), &["str"]);
    }
    let value = match text {
        Cow::Borrowed(text) => scalar::plain(text),
        Cow::Owned(text) => match scalar::plain(&text) {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(value),
            Value::Number(_) => Value::Number(text.into()),
            _ => Value::String(text.into()),
        },
    };
    let tags: &[&str] = match value {
        Value::Null => &["null"],
        Value::Bool(_) => &["bool"],
        Value::Number(_) => &["int", "float"],
        _ => &[],
    };
    (value, tags)
}

/// Refuses a tag of YAML itself that does not say what the value is.
fn check_fit(tag: Option<&Tag>, fitting: &[&str], offset: usize) -> Result<(), Error> {
    match tag.and_then(Tag::core_suffix) {
        Some(name) if !fitting.contains(&name) => {
            Err(Error::new(offset, format!("the value is not what its tag `!!{name}` says")))
        }
        _ => Ok(()),
    }
}

/// The functions that a template can call, by their long names; the short form of `Fn::Sub` is `!Sub`.
///
/// Sources: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>,
/// and for those of the `Rules` section
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-rules.html>.
const FUNCTIONS: &[&str] = &[
    "Ref",
    "Condition",
    "Fn::And",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::Contains",
    "Fn::EachMemberEquals",
    "Fn::EachMemberIn",
    "Fn::Equals",
    "Fn::FindInMap",
    "Fn::GetAtt",
    "Fn::GetAZs",
    "Fn::GetStackOutput",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Length",
    "Fn::Not",
    "Fn::Or",
    "Fn::RefAll",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::ToJsonString",
    "Fn::Transform",
    "Fn::ValueOf",
    "Fn::ValueOfAll",
];

/// The function a tag is short for; an unknown tag is a function nobody can evaluate, by its own spelling. `None`: a tag
/// that only says what a value is, as those of YAML's core schema and a bare `!` do.
fn function<'a>(tag: &Tag) -> Option<Written<'a>> {
    if tag.is_yaml_core_schema() || tag.parts() == ("", "!") {
        return None;
    }
    let is_short_for = |name: &str| tag.parts() == ("!", name.strip_prefix("Fn::").unwrap_or(name));
    match FUNCTIONS.iter().find(|name| is_short_for(name)) {
        Some(name) => Some(Written::from(*name)),
        None => Some(tag.original().into()),
    }
}
