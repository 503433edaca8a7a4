//! Byte offsets to lines and columns.
//!
//! Owns the conversion only; must not know what stands at an offset.

use std::ops::Range;

/// How many bytes of a text are looked at, at most, to tell a column.
const BLOCK: usize = 256;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The lines of one text: built in one pass; a position is found in a time that grows neither with the number of lines
/// nor with the length of one.
#[derive(Debug)]
pub struct LineIndex<'a> {
    text: &'a str,
    /// Where each line starts.
    starts: Vec<usize>,
    /// How many characters start before each block, and before the end.
    characters: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    /// Indexes `text`; `\n`, `\r\n` and a `\r` of its own end a line, as in YAML.
    pub fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let is_break = |at: &usize| !matches!(bytes.get(*at..), Some([b'\r', b'\n', ..]));
        let after_breaks = memchr::memchr2_iter(b'\n', b'\r', bytes).filter(is_break).map(|at| at + 1);
        let starts = std::iter::once(0).chain(after_breaks).collect();
        let mut before = 0;
        let mut characters = Vec::with_capacity(text.len() / BLOCK + 2);
        for block in bytes.chunks(BLOCK) {
            characters.push(before);
            before += count_characters(block);
        }
        characters.push(before);
        Self { text, starts, characters }
    }

    /// Line and column of a byte offset, both from 1; the column counts characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        // A byte order mark is no column.
        let is_marked = line == 1 && offset > 0 && self.text.starts_with(BYTE_ORDER_MARK);
        let before = self.characters_before(offset) - self.characters_before(start);
        (line, before - usize::from(is_marked) + 1)
    }

    /// The bytes of the line that a byte offset is in, without what ends the line.
    pub fn line(&self, offset: usize) -> Range<usize> {
        let next = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(next.saturating_sub(1)).copied().unwrap_or_default();
        let end = self.starts.get(next).copied().unwrap_or(self.text.len());
        let line = self.text.get(start..end).unwrap_or_default();
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        start..start + line.len()
    }

    fn characters_before(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        let rest = self.text.as_bytes().get(block * BLOCK..offset).unwrap_or_default();
        self.characters.get(block).copied().unwrap_or_default() + count_characters(rest)
    }
}

/// How many characters start in some bytes of UTF-8.
fn count_characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count()
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, LineIndex};

    #[test]
    fn a_carriage_return_of_its_own_ends_a_line() {
        let index = LineIndex::new("a\rb\r\nc\n\rd");
        assert_eq!([0, 2, 5, 7, 8].map(|at| index.position(at)), [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)]);
        assert_eq!(index.line(2), 2..3);
    }

    #[test]
    fn counts_lines_and_characters_from_one() {
        let index = LineIndex::new("a\r\nwéb: x\n");
        assert_eq!(index.position(0), (1, 1));
        assert_eq!(index.position(3), (2, 1));
        assert_eq!(index.position("a\r\nwéb".len()), (2, 4));
        assert_eq!(index.position("a\r\nwéb: x\n".len()), (3, 1));
    }

    #[test]
    fn agrees_with_counting_one_by_one_in_long_lines() {
        for length in [0, 1, BLOCK / 3, BLOCK / 2, 5 * BLOCK] {
            let text = format!("{}\n{}\n{}", "é🌍a".repeat(length), "bü".repeat(length), "ü".repeat(length));
            let index = LineIndex::new(&text);
            let (mut line, mut column) = (1, 1);
            for (at, character) in text.char_indices() {
                assert_eq!(index.position(at), (line, column), "{at} of {length}");
                (line, column) = if character == '\n' { (line + 1, 1) } else { (line, column + 1) };
            }
            assert_eq!(index.position(text.len()), (line, column));
            assert_eq!(index.position(text.len() + 9), (line, column));
        }
    }

    #[test]
    fn the_end_of_whole_blocks_is_a_place_too() {
        let text = "ü".repeat(BLOCK / 2);
        assert_eq!(LineIndex::new(&text).position(text.len()), (1, BLOCK / 2 + 1));
    }

    #[test]
    fn a_byte_order_mark_is_no_column() {
        let index = LineIndex::new("\u{feff}a: 1\nb");
        assert_eq!(index.position(0), (1, 1));
        assert_eq!(index.position(3), (1, 1));
        assert_eq!(index.position(4), (1, 2));
        assert_eq!(index.position(8), (2, 1));
    }

    #[test]
    fn a_line_is_without_its_end() {
        let text = "ab\r\nc\n\nd";
        let index = LineIndex::new(text);
        let lines = [0, 3, 4, 5, 6, 7, 8].map(|at| &text[index.line(at)]);
        assert_eq!(lines, ["ab", "ab", "c", "c", "", "d", "d"]);
        assert_eq!(LineIndex::new("").line(0), 0..0);
    }
}
