//! The words for what is wrong with a YAML text.
//!
//! Owns the sentences, and the place that a person would point at where the parser points elsewhere. Must not know the
//! tree. No sentence holds anything of the text but single characters and names of the language.

use granit_parser::{ErrorKind, ScanError};

use super::Error;

pub(super) const ALIAS_AS_KEY: &str = "an alias cannot be a key: write the key out";
pub(super) const COMPLEX_KEY: &str = "a key must be a plain word or a string, not a list or a map";
pub(super) const MERGED_NO_MAP: &str = "`<<` can merge only a map or a list of maps";
pub(super) const NO_ALIASES: &str = "anchors, aliases and merge keys are not supported: write the value out";
pub(super) const NO_KEY: &str = "a key is missing here";
pub(super) const RECURSIVE_ALIAS: &str = "an alias cannot stand inside its own anchor";
pub(super) const SECOND_DOCUMENT: &str = "a second document begins here, where only one is expected";
pub(super) const SECOND_MERGE: &str = "`<<` stands twice in one map: give one `<<` a list";
pub(super) const SEPARATOR: &str = "an invisible character ends the line here for some readers and not for others: remove it, or write it as an escape";
pub(super) const TAGGED_KEY: &str = "a key cannot have a tag";
pub(super) const TOO_DEEP: &str = "nested too deeply";
pub(super) const TOO_MANY_VALUES: &str =
    "more keys and values than a template of this length has, so nothing is judged";

pub(super) const TOO_MANY_COPIES: &str =
    "anchors and aliases stand for more than 100,000 values: write them out";

const BRACKET_OR_COMMA: &str =
    "expected `,` or a closing bracket before this: one of them is missing here or above";
const INDENTATION: &str = "this belongs to nothing above it: check its indentation";
const PLACEHOLDER: &str = "a placeholder of another language is not YAML: render the file first";
const REFERENCE: &str = "a dynamic reference must be in quotes: without them its braces begin a map";
const QUOTE: &str = "a value cannot begin with this character: put it in quotes";
const TAB: &str = "a tab in the indentation: indent with spaces";

/// What the parser found, in words and at the place that a person would point at.
pub(super) fn explain(text: &str, error: &ScanError) -> Error {
    let offset = error.marker().byte_offset().unwrap_or_default();
    let rest = text.get(offset..).unwrap_or_default();
    let at = |message: &str| Error::new(offset, message);
    match error.kind() {
        ErrorKind::RecursionLimitExceeded => return at(TOO_DEEP),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar => return Error::new(first_tab(text, offset), TAB),
        _ => {}
    }
    if let Some(placeholder) = placeholder(text, offset) {
        return placeholder;
    }
    match error.kind() {
        ErrorKind::MappingValueNotAllowed if line_before(text, offset).contains(": ") => {
            at("a value that has a `:` and a space in it must be in quotes")
        }
        ErrorKind::MappingValueNotAllowed => {
            at("no key can stand here: check its indentation, and that each `:` above has a space after it")
        }
        ErrorKind::SimpleKeyExpected => {
            at("a `:` is missing after this key; text that continues a line is indented more")
        }
        ErrorKind::ExpectedDocumentStart if text.starts_with('%') => {
            Error::new(0, "a line that begins with `%` is an instruction to the parser: put it in quotes")
        }
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::ExpectedDocumentStart
        | ErrorKind::InvalidIndentation => match rest.chars().next() {
            Some('!') => {
                at("a short form cannot follow another: write one of them out, as in `Fn::Base64: !Sub`")
            }
            Some('*' | '&') => at("an alias or an anchor cannot stand here"),
            Some(':') => at("a space is missing after this `:`"),
            _ => at(INDENTATION),
        },
        ErrorKind::BlockSequenceEntryNotAllowed => {
            at("a list cannot begin on the line of its key: begin it on the next line")
        }
        ErrorKind::BlockEntryInFlowCollection => {
            at("inside brackets, list items are separated by `,` and have no `-`")
        }
        ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::InvalidColonPlacement
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofImplicitFlowMapping => at(BRACKET_OR_COMMA),
        ErrorKind::UnclosedFlowCollection { open } => {
            Error::new(offset, format!("this `{open}` is never closed"))
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            Error::new(offset, format!("this `{open}` is closed by a `{close}`"))
        }
        ErrorKind::MisplacedFlowCollectionEnd => at("this bracket closes nothing"),
        ErrorKind::UnclosedQuotedScalar => at("this quote is never closed"),
        ErrorKind::InvalidTrailingSingleQuotedScalar => {
            at("text after a closing quote: is a `:` or `,` missing, or a quote inside the text not doubled?")
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar => at(
            "text after a closing quote: is a `:` or `,` missing, or a quote inside the text without a backslash?",
        ),
        ErrorKind::UnknownQuotedScalarEscape => {
            at("no such escape in double quotes: write a backslash as two, or use single quotes")
        }
        ErrorKind::InvalidBlockScalarHeader => {
            at("text cannot begin on the line of `|` or `>`: begin it on the next line")
        }
        ErrorKind::CommentInterceptedScalar => at("text cannot go on after a comment: put it in quotes"),
        ErrorKind::UndeclaredTagHandle => at("no such tag: a short form has only one `!`"),
        ErrorKind::UnknownAnchor => at("no such anchor above; text that begins with `*` must be in quotes"),
        ErrorKind::UnexpectedCharacter { character } if !is_printable(*character) => {
            at("a control character: write it as an escape in double quotes")
        }
        ErrorKind::UnexpectedCharacter { .. }
        | ErrorKind::MappingKeyNotAllowed
        | ErrorKind::MissingAnchorOrAliasName
        | ErrorKind::PlainScalarStartsWithDashFlowIndicator
        | ErrorKind::ExpectedNodeContent
        | ErrorKind::UnexpectedEofBlockMapping
        | ErrorKind::UnexpectedEofBlockSequence => at(QUOTE),
        _ => Error::new(offset, error.info()),
    }
}

/// The mistake at `offset` if its line has a placeholder such as `{{ name }}` outside quotes there or before.
pub(super) fn placeholder(text: &str, offset: usize) -> Option<Error> {
    let before = line_before(text, offset);
    let start = offset - before.len();
    let line = text.get(start..)?.split(['\r', '\n']).next()?;
    let at = ["{{", "{%", "{#"].iter().filter_map(|opening| line.find(opening)).min()?;
    let is_near = at <= before.len() && !line.get(..at)?.contains(['"', '\'']);
    // In quotes any other would be a text, which passes for a user, say.
    let is_reference = line.get(at..)?.starts_with("{{resolve:");
    is_near.then(|| Error::new(start + at, if is_reference { REFERENCE } else { PLACEHOLDER }))
}

fn is_printable(character: char) -> bool {
    !character.is_control() && !matches!(character, '\u{fffe}' | '\u{ffff}')
}

/// The part of the line of `offset` that stands before it.
fn line_before(text: &str, offset: usize) -> &str {
    text.get(..offset).unwrap_or_default().rsplit(['\r', '\n']).next().unwrap_or_default()
}

/// The first tab in the indentation of the line of `offset` or of a later one.
fn first_tab(text: &str, offset: usize) -> usize {
    let mut start = offset - line_before(text, offset).len();
    for line in text.get(start..).unwrap_or_default().split_inclusive(['\r', '\n']) {
        let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line.get(..blanks).and_then(|indentation| indentation.find('\t')) {
            return start + tab;
        }
        start += line.len();
    }
    offset
}
