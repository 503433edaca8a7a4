//! The YAML reader: text of a policy or a template becomes a [`Node`] tree.
//!
//! Owns the step from the parser's events to the tree: CloudFormation's short tags, the reading of unquoted
//! scalars, spans in bytes. The grammar is `granit-parser`'s. Must not know what the document is for.

use std::borrow::Cow;
use std::fmt;

use granit_parser::{Event, Parser, ScalarStyle, Tag};

use super::{Entry, Intrinsic, MAXIMUM_DEPTH, Node, Span, Value, scalar};

/// Why a text is not a YAML document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Byte offset of the place that cannot be read.
    pub offset: usize,
    /// What is wrong there.
    pub message: String,
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
/// A text that is not YAML, holds a second document, an alias, a key that is not a scalar, nests deeper than
/// [`MAXIMUM_DEPTH`], or is 4 GiB and larger.
pub fn read(text: &str) -> Result<Node<'_>, Error> {
    if u32::try_from(text.len()).is_err() {
        return Err(Error { offset: 0, message: "larger than 4 GiB".into() });
    }
    let mut builder = Builder { root: None, open: Vec::new() };
    let options = granit_parser::options! {
        flow_nesting_limit: MAXIMUM_DEPTH,
        block_nesting_limit: MAXIMUM_DEPTH,
    };
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| Error {
            offset: error.marker().byte_offset().unwrap_or_default(),
            message: error.info(),
        })?;
        let tag_start = span.tag_start().and_then(|mark| mark.byte_offset());
        let range = span.byte_range().unwrap_or_default();
        builder.event(event, Span::new(range.start, range.end), tag_start)?;
    }
    let nothing = Node { value: Value::Null, span: Some(Span::new(0, 0)) };
    Ok(builder.root.unwrap_or(nothing))
}

struct Builder<'a> {
    root: Option<Node<'a>>,
    open: Vec<Collection<'a>>,
}

/// A sequence or mapping whose end has not come yet.
struct Collection<'a> {
    content: Content<'a>,
    start: usize,
    function: Option<Cow<'a, str>>,
}

enum Content<'a> {
    Sequence(Vec<Node<'a>>),
    Mapping { entries: Vec<Entry<'a>>, key: Option<(Cow<'a, str>, Span)> },
}

impl<'a> Builder<'a> {
    fn event(&mut self, event: Event<'a>, span: Span, tag_start: Option<usize>) -> Result<(), Error> {
        let error = |message: &str| Err(Error { offset: span.start as usize, message: message.into() });
        let start = tag_start.unwrap_or(span.start as usize);
        match event {
            Event::Scalar(text, style, _, tag) => {
                if let Some(Collection { content: Content::Mapping { key: key @ None, .. }, .. }) =
                    self.open.last_mut()
                {
                    *key = Some((text, span));
                    return Ok(());
                }
                let value = tagged_scalar(text, style, tag.as_deref());
                let node = Node { value, span: Some(span) };
                self.close(node, start, tag.as_deref().and_then(function));
            }
            Event::SequenceStart(_, _, tag) => {
                if matches!(
                    self.open.last(),
                    Some(Collection { content: Content::Mapping { key: None, .. }, .. })
                ) {
                    return error("a key must be a plain word or a string");
                }
                let content = Content::Sequence(Vec::new());
                self.open.push(Collection { content, start, function: tag.as_deref().and_then(function) });
            }
            Event::MappingStart(_, _, tag) => {
                if matches!(
                    self.open.last(),
                    Some(Collection { content: Content::Mapping { key: None, .. }, .. })
                ) {
                    return error("a key must be a plain word or a string");
                }
                let content = Content::Mapping { entries: Vec::new(), key: None };
                self.open.push(Collection { content, start, function: tag.as_deref().and_then(function) });
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(_) | Event::UnresolvedAlias(_) => return error("aliases are not supported"),
            Event::DocumentStart(..) if self.root.is_some() => return error("a second document"),
            _ => {}
        }
        if self.open.len() > MAXIMUM_DEPTH {
            return error("nested too deeply");
        }
        Ok(())
    }

    fn end(&mut self, end: Span) {
        let Some(Collection { content, start, function }) = self.open.pop() else {
            return;
        };
        // A block collection's end event stands at the next token; its own end is its last child's.
        let last = match &content {
            Content::Sequence(items) => items.last().and_then(|node| node.span),
            Content::Mapping { entries, .. } => entries.last().and_then(|entry| entry.value.span),
        };
        let end = match last {
            Some(last) if end.start == end.end => last.end,
            _ => end.end,
        };
        let span = Span::new(start, end as usize);
        let node = match content {
            Content::Sequence(items) => Node { value: Value::Sequence(items), span: Some(span) },
            Content::Mapping { entries, .. } => Node::mapping(entries, span),
        };
        self.close(node, start, function);
    }

    /// Puts a finished node into the collection it belongs to, or makes it the document.
    fn close(&mut self, node: Node<'a>, start: usize, function: Option<Cow<'a, str>>) {
        let node = match function {
            Some(function) => {
                let span = node.span.map(|span| Span::new(start, span.end as usize));
                Node { value: Value::Intrinsic(Box::new(Intrinsic { function, argument: node })), span }
            }
            None => node,
        };
        match self.open.last_mut().map(|collection| &mut collection.content) {
            Some(Content::Sequence(items)) => items.push(node),
            Some(Content::Mapping { entries, key }) => {
                if let Some((key, key_span)) = key.take() {
                    entries.push(Entry { key, key_span: Some(key_span), value: node });
                }
            }
            None => self.root = Some(node),
        }
    }
}

fn tagged_scalar<'a>(text: Cow<'a, str>, style: ScalarStyle, tag: Option<&Tag>) -> Value<'a> {
    let is_string = match tag {
        Some(tag) => tag.is_yaml_core_schema_tag("str") || function(tag).is_some() || is_non_specific(tag),
        None => false,
    };
    if is_string || style != ScalarStyle::Plain {
        return Value::String(text);
    }
    match text {
        Cow::Borrowed(text) => scalar::plain(text),
        Cow::Owned(text) => match scalar::plain(&text) {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(value),
            Value::Number(_) => Value::Number(text.into()),
            _ => Value::String(text.into()),
        },
    }
}

/// Whether a tag is a bare `!`, which keeps a scalar from being read as anything but a string.
fn is_non_specific(tag: &Tag) -> bool {
    tag.parts() == ("", "!")
}

/// The function a local tag is short for; an unknown tag is a function nobody can evaluate.
///
/// Sources: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html>.
fn function<'a>(tag: &Tag) -> Option<Cow<'a, str>> {
    let suffix = tag.suffix();
    if tag.is_yaml_core_schema() || is_non_specific(tag) {
        return None;
    }
    let known = match suffix {
        "Ref" => "Ref",
        "Condition" => "Condition",
        "And" => "Fn::And",
        "Base64" => "Fn::Base64",
        "Cidr" => "Fn::Cidr",
        "Equals" => "Fn::Equals",
        "FindInMap" => "Fn::FindInMap",
        "GetAtt" => "Fn::GetAtt",
        "GetAZs" => "Fn::GetAZs",
        "If" => "Fn::If",
        "ImportValue" => "Fn::ImportValue",
        "Join" => "Fn::Join",
        "Length" => "Fn::Length",
        "Not" => "Fn::Not",
        "Or" => "Fn::Or",
        "Select" => "Fn::Select",
        "Split" => "Fn::Split",
        "Sub" => "Fn::Sub",
        "ToJsonString" => "Fn::ToJsonString",
        "Transform" => "Fn::Transform",
        _ => return Some(format!("{}{suffix}", tag.original_handle()).into()),
    };
    Some(known.into())
}

#[cfg(test)]
mod tests {
    use super::super::{MAXIMUM_DEPTH, Value};
    use super::read;

    #[test]
    fn reads_what_the_json_reader_reads() {
        let text = r#"{"a": [1, -0.5e3, true, null, "x\u00e9\ud83d\ude00"], "b": {"Ref": "X"}, "b": {}}"#;
        let (yaml, json) = (read(text).unwrap(), super::super::json::read(text.as_bytes()).unwrap());
        assert_eq!(yaml, json);
    }

    #[test]
    fn spans_cover_what_was_written() {
        let text =
            "# wéb 🌍\r\nweb:\r\n  - Privileged: !Ref P\r\n    User: '0'   # why\r\n\r\nnext: {a: [b]}\r\n";
        let root = read(text).unwrap();
        let slice = |span: Option<super::Span>| span.unwrap().slice(text);
        let Value::Mapping(entries) = &root.value else { panic!("{root:?}") };
        assert_eq!(slice(entries[0].key_span), "web");
        assert_eq!(slice(entries[0].value.span), "- Privileged: !Ref P\r\n    User: '0'");
        let Value::Sequence(items) = &entries[0].value.value else { panic!("{root:?}") };
        assert_eq!(slice(items[0].get("Privileged").unwrap().span), "!Ref P");
        assert_eq!(slice(items[0].get("User").unwrap().span), "'0'");
        assert_eq!(slice(entries[1].value.span), "{a: [b]}");
    }

    #[test]
    fn tags_become_functions() {
        let call = |text: &str| match read(text).unwrap().value {
            Value::Intrinsic(call) => format!("{} of {}", call.function, call.argument.kind()),
            other => format!("{other:?}"),
        };
        assert_eq!(call("!Ref X"), "Ref of a string");
        assert_eq!(call("!If [C, 1, 2]"), "Fn::If of a list");
        assert_eq!(call("Fn::Sub: x"), "Fn::Sub of a string");
        assert_eq!(call("!Transform {Name: X}"), "Fn::Transform of a map");
        assert_eq!(call("!Ref 1"), "Ref of a string");
        assert_eq!(call("!Secret x"), "!Secret of a string");
        assert_eq!(call("!!str 0"), "String(\"0\")");
        assert_eq!(call("! 0"), "String(\"0\")");
    }

    #[test]
    fn errors_say_where() {
        for (text, offset) in
            [("a: [1", 3), ("a: 1\n b: 2", 7), ("a: *x", 3), ("[1]: 2", 0), ("---\na\n---\nb", 6)]
        {
            let error = read(text).unwrap_err();
            assert_eq!(error.offset, offset, "{text:?}: {error}");
            assert!(!error.message.is_empty(), "{text:?}");
        }
        for hostile in
            ["[".repeat(MAXIMUM_DEPTH + 1), "? ".repeat(20_000), "- ".repeat(20_000), "{a: ".repeat(20_000)]
        {
            assert!(read(&hostile).is_err());
        }
        assert_eq!(read("").unwrap().value, Value::Null);
    }
}
