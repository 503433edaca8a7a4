//! Edits of collections that are written by indentation, one child on each line.
//!
//! Owns lines: where a new one goes, what goes with one that is taken away, and that a comment is never lost. Must not
//! know why.

use super::UNCERTAIN;
use super::page::{Page, length};
use super::style::Style;
use crate::document::{Entry, Node, Span, Value};
use crate::finding::Edit;

/// How much deeper a map is than the one it is in, where the text has no example.
const INDENTATION: usize = 2;

/// Adds a key to the last map of a chain; answers its index too. It goes to the end, unless what ends there goes on
/// into the lines below.
pub(super) fn insert_entry(
    page: &Page<'_>,
    style: &Style,
    chain: &[&Node<'_>],
    entries: &[Entry<'_>],
    key: &str,
    value: &Node<'_>,
) -> Result<(usize, Vec<Edit>), String> {
    let first_key = entries.first().and_then(|entry| entry.key_span).ok_or(UNCERTAIN)?;
    let mut indentation = " ".repeat(column(page, first_key).ok_or(UNCERTAIN)?);
    let mut places = entries.iter().enumerate().rev();
    let place = places.find_map(|(index, entry)| Some((index, line_after(page, &entry.value)?)));
    let (index, offset) = place.ok_or(UNCERTAIN)?;
    let line_break = page.break_near(offset);
    let (mut key, mut value) = (key, value);
    let mut text = String::new();
    loop {
        text.extend([line_break, &indentation, &style.key(key), ":"]);
        let Value::Mapping(entries) = &value.value else { break };
        let [only] = &**entries else { break };
        indentation += &" ".repeat(unit(page, chain));
        (key, value) = (&only.key, &only.value);
    }
    text.extend([" ", &style.flow(value)]);
    Ok((index + 1, vec![Edit { span: Span::of(offset, offset), text }]))
}

/// Adds an item to the end of a list.
pub(super) fn insert_item(
    page: &Page<'_>,
    style: &Style,
    items: &[Node<'_>],
    item: &Node<'_>,
) -> Result<Vec<Edit>, String> {
    let last = items.last().ok_or(UNCERTAIN)?;
    let prefix = page.line_before(last.span.ok_or(UNCERTAIN)?.start());
    let offset = line_after(page, last).filter(|_| before_dash(prefix).is_some()).ok_or(UNCERTAIN)?;
    let text = format!("{}{prefix}{}", page.break_near(offset), style.flow(item));
    Ok(vec![Edit { span: Span::of(offset, offset), text }])
}

/// Takes an entry of several away.
pub(super) fn remove_entry(
    page: &Page<'_>,
    entries: &[Entry<'_>],
    index: usize,
) -> Result<Vec<Edit>, String> {
    let entry = entries.get(index).ok_or(UNCERTAIN)?;
    let (key, end) = (entry.key_span.ok_or(UNCERTAIN)?, entry.value.span.ok_or(UNCERTAIN)?.end());
    let comments = comments_inside(page, key.end(), &entry.value)?;
    let prefix = page.line_before(key.start());
    if prefix.bytes().all(|byte| byte == b' ') {
        return Ok(vec![without_lines(page, prefix, key.start(), end, &comments)?]);
    }
    // The first key of an item stands behind the dash, which stays for the next.
    let next = entries.get(index + 1).and_then(|entry| entry.key_span).ok_or(UNCERTAIN)?;
    let behind = page.comment_after(end).ok_or(UNCERTAIN)?;
    if !comments.is_empty() || before_dash(prefix).is_none() {
        return Err(UNCERTAIN.to_owned());
    }
    let end = match page.between(end, next.start()).trim() {
        "" => next.start(),
        // A comment stays behind the dash, and the next key in its own line.
        _ if behind.trim().is_empty() => end,
        _ => end + length(behind) - length(behind.trim_start()),
    };
    Ok(vec![Edit { span: Span::of(key.start(), end), text: String::new() }])
}

/// Takes everything that is in a map away.
pub(super) fn emptied(page: &Page<'_>, map: &Node<'_>) -> Result<Edit, String> {
    let span = map.span.ok_or(UNCERTAIN)?;
    if !comments_inside(page, span.start(), map)?.is_empty() {
        return Err("a comment is written beside it and nothing else".to_owned());
    }
    Ok(Edit { span, text: "{}".to_owned() })
}

/// Takes items away, not all.
pub(super) fn remove_items(
    page: &Page<'_>,
    items: &[Node<'_>],
    removed: &[usize],
) -> Result<Vec<Edit>, String> {
    let edit = |index: &usize| {
        let item = items.get(*index).ok_or(UNCERTAIN)?;
        let span = item.span.ok_or(UNCERTAIN)?;
        let indentation = before_dash(page.line_before(span.start())).ok_or(UNCERTAIN)?;
        without_lines(
            page,
            indentation,
            span.start(),
            span.end(),
            &comments_inside(page, span.start(), item)?,
        )
    };
    let edits: Vec<Edit> = removed.iter().map(edit).collect::<Result<_, String>>()?;
    Ok(joined(edits))
}

/// Edits of which those that touch, or share a line break, are one.
fn joined(edits: Vec<Edit>) -> Vec<Edit> {
    let mut joined: Vec<Edit> = Vec::with_capacity(edits.len());
    for edit in edits {
        match joined.last_mut() {
            Some(last) if last.span.end() >= edit.span.start() => {
                last.span = Span::of(last.span.start(), edit.span.end());
                last.text += &edit.text;
            }
            _ => joined.push(edit),
        }
    }
    joined
}

/// Takes the lines from one offset to another away, and keeps the comments in them.
fn without_lines(
    page: &Page<'_>,
    indentation: &str,
    start: u32,
    end: u32,
    comments: &[&str],
) -> Result<Edit, String> {
    let behind = page.comment_after(end).ok_or(UNCERTAIN)?.trim();
    let start = start - length(page.line_before(start));
    let line_end = page.line_end(end);
    let line_break = page.break_at(line_end);
    let mut lines = Vec::new();
    for comment in comments.iter().chain(Some(&behind)).filter(|comment| !comment.is_empty()) {
        lines.push(format!("{indentation}{comment}{}", page.break_near(line_end)));
    }
    let text = lines.concat();
    if !line_break.is_empty() {
        return Ok(Edit { span: Span::of(start, line_end + length(line_break)), text });
    }
    // The last line of the text has no break, and the one before it is to be the last.
    let above = page.before(start);
    let without_break = above.strip_suffix('\n').map(|above| above.strip_suffix('\r').unwrap_or(above));
    let start = if text.is_empty() { length(without_break.unwrap_or(above)) } else { start };
    let text = text.trim_end_matches(['\r', '\n']).to_owned();
    Ok(Edit { span: Span::of(start, line_end), text })
}

/// The comments inside a value that begins somewhere after an offset.
fn comments_inside<'t>(page: &Page<'t>, from: u32, node: &Node<'_>) -> Result<Vec<&'t str>, String> {
    let mut scalars = Vec::new();
    collect_scalars(node, &mut scalars).ok_or(UNCERTAIN)?;
    let mut comments = Vec::new();
    let mut at = from;
    for scalar in scalars {
        let lines = page.between(at, scalar.start()).split(['\n', '\r']);
        comments.extend(lines.filter_map(|line| Some(line.get(line.find('#')?..)?.trim_end())));
        at = scalar.end();
    }
    Ok(comments)
}

/// The places of all keys and scalars, and of the ends of lists and maps, in the order of the text.
fn collect_scalars(node: &Node<'_>, scalars: &mut Vec<Span>) -> Option<()> {
    let span = node.span?;
    match &node.value {
        Value::Mapping(entries) => {
            for entry in entries {
                scalars.push(entry.key_span?);
                collect_scalars(&entry.value, scalars)?;
            }
        }
        Value::Sequence(items) => items.iter().try_for_each(|item| collect_scalars(item, scalars))?,
        Value::Intrinsic(call) => collect_scalars(&call.argument, scalars)?,
        _ => scalars.push(span),
    }
    scalars.push(Span::of(span.end(), span.end()));
    Some(())
}

/// The end of the last line of a value, if a line may follow there and nothing else be changed by it.
fn line_after(page: &Page<'_>, value: &Node<'_>) -> Option<u32> {
    let end = value.span?.end();
    page.comment_after(end)?;
    let line_end = page.line_end(end);
    let last = last_scalar(page, value).span?.slice(page.text);
    if last.starts_with(['|', '>']) {
        let header = last.split(['\n', '\r', '#']).next().unwrap_or_default();
        // A text that keeps its last line breaks has those of the lines below, or none at the end of the file.
        if header.contains('+') || page.break_at(line_end).is_empty() {
            return None;
        }
    }
    Some(line_end)
}

/// The last scalar of a value that is written by indentation.
fn last_scalar<'n, 'a>(page: &Page<'_>, node: &'n Node<'a>) -> &'n Node<'a> {
    let last = match &node.value {
        _ if page.is_flow(node) => None,
        Value::Mapping(entries) => entries.last().map(|entry| &entry.value),
        Value::Sequence(items) => items.last(),
        Value::Intrinsic(call) => Some(&call.argument),
        _ => None,
    };
    last.map_or(node, |last| last_scalar(page, last))
}

/// The column that a key begins in, if before it there are only blanks and dashes of lists.
fn column(page: &Page<'_>, key: Span) -> Option<usize> {
    let prefix = page.line_before(key.start());
    prefix.bytes().all(|byte| matches!(byte, b' ' | b'-')).then_some(prefix.len())
}

/// What stands before an item's dash, if nothing else stands before the item.
fn before_dash(prefix: &str) -> Option<&str> {
    let (indentation, behind) = prefix.split_once('-')?;
    let is_blank = |text: &str| text.bytes().all(|byte| byte == b' ');
    (is_blank(indentation) && is_blank(behind)).then_some(indentation)
}

/// How much deeper a map is than the one it is in, by the nearest example.
fn unit(page: &Page<'_>, chain: &[&Node<'_>]) -> usize {
    let maps = chain.iter().rev().filter_map(|node| match &node.value {
        Value::Mapping(entries) => Some(entries),
        _ => None,
    });
    let deeper = |entry: &Entry<'_>| {
        let Value::Mapping(inner) = &entry.value.value else { return None };
        let inner = column(page, inner.first()?.key_span?)?;
        inner.checked_sub(column(page, entry.key_span?)?).filter(|deeper| *deeper > 0)
    };
    maps.flatten().find_map(deeper).unwrap_or(INDENTATION)
}
