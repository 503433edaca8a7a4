//! Edits of collections that are written in brackets, as all of JSON is.
//!
//! Owns commas, and the blanks between a bracket and what is in it. Must not know why.

use super::UNCERTAIN;
use super::page::Page;
use super::style::Style;
use crate::document::{Entry, Node, Span, Value};
use crate::finding::Edit;

/// The places of a map's entries.
pub(super) fn entries(entries: &[Entry<'_>]) -> Result<Vec<Span>, String> {
    let place = |entry: &Entry<'_>| Some(Span::of(entry.key_span?.start(), entry.value.span?.end()));
    entries.iter().map(place).collect::<Option<_>>().ok_or(UNCERTAIN.to_owned())
}

/// The places of a list's items.
pub(super) fn items(items: &[Node<'_>]) -> Result<Vec<Span>, String> {
    items.iter().map(|item| item.span).collect::<Option<_>>().ok_or(UNCERTAIN.to_owned())
}

/// Adds a key to the end of a map.
pub(super) fn insert_entry(
    page: &Page<'_>,
    style: &Style,
    map: &Node<'_>,
    all: &[Entry<'_>],
    key: &str,
    value: &Node<'_>,
) -> Result<Vec<Edit>, String> {
    insert(page, style, map, &entries(all)?, |lines| match lines {
        Some(lines) => format!("{}{}{}", style.key(key), style.colon, over_lines(style, value, lines)),
        None => style.entry(key, value),
    })
}

/// Adds an item to the end of a list.
pub(super) fn insert_item(
    page: &Page<'_>,
    style: &Style,
    list: &Node<'_>,
    all: &[Node<'_>],
    item: &Node<'_>,
) -> Result<Vec<Edit>, String> {
    insert(page, style, list, &items(all)?, |_| style.flow(item))
}

/// How the children of a collection stand on lines of their own.
struct Lines {
    line_break: &'static str,
    /// What stands before a child on its line.
    indentation: String,
    /// By how much the children are deeper than the collection's end.
    unit: String,
}

/// A value whose maps have each child on a line of its own.
fn over_lines(style: &Style, value: &Node<'_>, lines: &Lines) -> String {
    let Value::Mapping(entries) = &value.value else { return style.flow(value) };
    let Lines { line_break, indentation, unit } = lines;
    let inner = Lines { indentation: format!("{indentation}{unit}"), unit: unit.clone(), ..*lines };
    let entries = entries.iter().map(|entry| {
        let value = over_lines(style, &entry.value, &inner);
        format!("{line_break}{}{}{}{value}", inner.indentation, style.key(&entry.key), style.colon)
    });
    format!("{{{}{line_break}{indentation}}}", entries.collect::<Vec<_>>().join(","))
}

/// Adds a child behind the last of some.
fn insert(
    page: &Page<'_>,
    style: &Style,
    collection: &Node<'_>,
    children: &[Span],
    child: impl FnOnce(Option<&Lines>) -> String,
) -> Result<Vec<Edit>, String> {
    let whole = collection.span.ok_or(UNCERTAIN)?;
    let insertion = |offset: u32, text: String| Edit { span: Span::of(offset, offset), text };
    let Some(last) = children.last() else {
        return Ok(vec![insertion(whole.start() + 1, child(None))]);
    };
    let separator = separator(page, style, whole, children);
    let lines = lines(page, whole, &separator);
    let child = child(lines.as_ref());
    // The comma belongs to the last child, and a comment between them stays with it.
    let comment = page.comment_after(last.end()).filter(|rest| !rest.trim().is_empty());
    match (comment, separator.split_once(',')) {
        (Some(_), Some((before, after))) if before.is_empty() && after.contains(['\n', '\r']) => Ok(vec![
            insertion(last.end(), ",".to_owned()),
            insertion(page.line_end(last.end()), format!("{after}{child}")),
        ]),
        (Some(_), _) => Err(UNCERTAIN.to_owned()),
        _ => Ok(vec![insertion(last.end(), format!("{separator}{child}"))]),
    }
}

/// What to put between two children: the same as between the last two, or what the place of the last suggests.
fn separator(page: &Page<'_>, style: &Style, whole: Span, children: &[Span]) -> String {
    let is_blank = |text: &str| text.bytes().all(|byte| byte.is_ascii_whitespace());
    if let [.., one, other] = children {
        let found = page.between(one.end(), other.start());
        if found.split_once(',').is_some_and(|(before, after)| is_blank(before) && is_blank(after)) {
            return found.to_owned();
        }
    }
    let last = children.last().map_or(whole.start(), |last| last.start());
    if page.between(whole.start(), last).contains(['\n', '\r'])
        && let indentation = page.line_before(last)
        && is_blank(indentation)
    {
        return format!(",{}{indentation}", page.break_near(whole.start()));
    }
    if style.colon.ends_with(' ') { ", " } else { "," }.to_owned()
}

/// The lines that children stand on, if they are parted by line breaks and the closing bracket stands below them.
fn lines(page: &Page<'_>, whole: Span, separator: &str) -> Option<Lines> {
    let (_, indentation) = separator.rsplit_once(['\n', '\r'])?;
    let closing = page.line_before(whole.end().saturating_sub(1));
    let unit = indentation.strip_prefix(closing).filter(|_| !indentation.contains(','))?;
    Some(Lines {
        line_break: page.break_near(whole.start()),
        indentation: indentation.to_owned(),
        unit: unit.to_owned(),
    })
}

/// Takes children away, not all.
pub(super) fn remove(page: &Page<'_>, children: &[Span], removed: &[usize]) -> Result<Vec<Edit>, String> {
    let mut edits: Vec<Edit> = Vec::new();
    let mut kept_to = None;
    let mut run: Option<Span> = None;
    let mut take = |span: Span| {
        // A comment in brackets belongs to one of the two it stands between, and nobody knows to which.
        let is_certain = !page.between(span.start(), span.end()).contains('#');
        is_certain.then(|| edits.push(Edit { span, text: String::new() })).ok_or(UNCERTAIN.to_owned())
    };
    for (index, child) in children.iter().enumerate() {
        if removed.binary_search(&index).is_ok() {
            run = Some(run.map_or(*child, |run| Span::of(run.start(), child.end())));
            continue;
        }
        match (run.take(), kept_to) {
            (Some(run), Some(kept_to)) => take(Span::of(kept_to, run.end()))?,
            (Some(run), None) => take(Span::of(run.start(), child.start()))?,
            (None, _) => {}
        }
        kept_to = Some(child.end());
    }
    if let (Some(run), Some(kept_to)) = (run, kept_to) {
        take(Span::of(kept_to, run.end()))?;
    }
    Ok(edits)
}
