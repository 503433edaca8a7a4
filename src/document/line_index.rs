//! Byte offsets to lines and columns.
//!
//! Owns the conversion only; must not know what stands at an offset.

use std::ops::Range;

/// How many bytes of a text are looked at, at most, to find a line or to tell a column.
const BLOCK: usize = 256;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The lines of one text: built in one pass; a position is found in a time that grows neither with the number of lines
/// nor with the length of one. Takes a thirtieth of the text's memory, whatever its lines.
#[derive(Debug)]
pub struct LineIndex<'a> {
    text: &'a str,
    /// What is before each block, and before the end.
    before: Vec<Counts>,
}

/// What stands before a place.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    /// How many lines end.
    lines: u32,
    /// How many characters start.
    characters: u32,
}

impl<'a> LineIndex<'a> {
    /// Indexes `text`; `\n`, `\r\n` and a `\r` of its own end a line, as in YAML.
    pub fn new(text: &'a str) -> Self {
        let mut index = Self { text, before: Vec::with_capacity(text.len() / BLOCK + 2) };
        let mut counts = Counts::default();
        let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        for start in (0..text.len()).step_by(BLOCK) {
            index.before.push(counts);
            let block = start..text.len().min(start + BLOCK);
            counts.lines += narrow(index.ends(block.clone()).count());
            counts.characters += narrow(count_characters(text.as_bytes().get(block).unwrap_or_default()));
        }
        index.before.push(counts);
        index
    }

    /// Line and column of a byte offset, both from 1; the column counts characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.text.len());
        let lines = self.lines_before(offset);
        let start = self.start(lines).unwrap_or_default();
        // A byte order mark is no column.
        let is_marked = lines == 0 && offset > 0 && self.text.starts_with(BYTE_ORDER_MARK);
        let before = self.characters_before(offset) - self.characters_before(start);
        (lines + 1, before - usize::from(is_marked) + 1)
    }

    /// The bytes of the line that a byte offset is in, without what ends the line.
    pub fn line(&self, offset: usize) -> Range<usize> {
        let lines = self.lines_before(offset.min(self.text.len()));
        let start = self.start(lines).unwrap_or_default();
        let end = self.start(lines + 1).unwrap_or(self.text.len());
        let line = self.text.get(start..end).unwrap_or_default();
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        start..start + line.len()
    }

    /// Where a line starts, by how many end before it.
    fn start(&self, lines: usize) -> Option<usize> {
        if lines == 0 {
            return Some(0);
        }
        let block = self.before.partition_point(|counts| (counts.lines as usize) < lines).checked_sub(1)?;
        let ended_before = self.before.get(block)?.lines as usize;
        let end = self.ends(block * BLOCK..self.text.len().min((block + 1) * BLOCK));
        end.map(|end| end + 1).nth(lines - ended_before - 1)
    }

    /// Where in some bytes lines end: the last byte of what ends each.
    fn ends(&self, range: Range<usize>) -> impl Iterator<Item = usize> {
        let bytes = self.text.as_bytes();
        let is_end = |at: &usize| !matches!(bytes.get(*at..), Some([b'\r', b'\n', ..]));
        let start = range.start;
        let breaks = memchr::memchr2_iter(b'\n', b'\r', bytes.get(range).unwrap_or_default());
        breaks.map(move |at| start + at).filter(is_end)
    }

    fn lines_before(&self, offset: usize) -> usize {
        let (counts, block) = self.block_of(offset);
        counts.lines as usize + self.ends(block).count()
    }

    fn characters_before(&self, offset: usize) -> usize {
        let (counts, block) = self.block_of(offset);
        let rest = self.text.as_bytes().get(block).unwrap_or_default();
        counts.characters as usize + count_characters(rest)
    }

    /// What stands before the block of an offset, and what of the block stands before it.
    fn block_of(&self, offset: usize) -> (Counts, Range<usize>) {
        let block = offset / BLOCK;
        (self.before.get(block).copied().unwrap_or_default(), block * BLOCK..offset)
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
    fn lines_are_found_wherever_they_end() {
        let ends = ["\n", "\r", "\r\n"];
        for length in [0, 1, 7, BLOCK - 2, BLOCK - 1, BLOCK, 3 * BLOCK] {
            let lines: Vec<String> =
                (0..40).map(|number| "x".repeat((length + number) % (2 * BLOCK))).collect();
            let mut text = String::new();
            let mut starts = Vec::new();
            for (number, line) in lines.iter().enumerate() {
                starts.push(text.len());
                text += line;
                text += ends[number % 3];
            }
            let index = LineIndex::new(&text);
            for (number, (start, line)) in starts.into_iter().zip(&lines).enumerate() {
                for within in [0, line.len() / 2, line.len()] {
                    assert_eq!(index.position(start + within), (number + 1, within + 1), "{length}");
                    assert_eq!(index.line(start + within), start..start + line.len(), "{length}");
                }
            }
        }
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
