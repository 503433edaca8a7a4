//! Texts that wait for their turn.
//!
//! Owns where the results of a file are until those of the files before it are written: a little in memory, the rest in a
//! file without a name. Must not know what a text says.
//!
//! The results of a file are written all or not at all, and often are many times longer than the file.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::output::Sections;

/// How many bytes of a section are in memory. Hundreds of files wait at the same time.
const BUFFER: usize = 16 << 10;

/// How many sections have a file at the same time: half of what a process may have open by default on macOS, which
/// has the fewest.
const MAXIMUM_FILES: usize = 128;

static FILES: AtomicUsize = AtomicUsize::new(0);

/// The text of one file's results in one format.
#[derive(Debug, Default)]
pub(in crate::cli) struct Spool {
    sections: Vec<Section>,
}

impl Sections for Spool {
    fn add(&mut self, section: usize, text: &str) {
        if self.sections.len() <= section {
            self.sections.resize_with(section + 1, Section::default);
        }
        if let Some(section) = self.sections.get_mut(section) {
            section.add(text);
        }
    }
}

impl Spool {
    pub(super) fn is_empty(&self) -> bool {
        self.sections.iter().all(|section| section.end.is_empty() && section.beginning.is_none())
    }

    /// Writes one section after the other.
    pub(super) fn write_to(self, out: &mut dyn Write) -> io::Result<()> {
        self.sections.into_iter().try_for_each(|section| section.write_to(out))
    }
}

#[derive(Debug, Default)]
struct Section {
    /// What is not in memory any more.
    beginning: Option<Beginning>,
    end: Vec<u8>,
    /// Whether there is no file to be had, so that all must be kept in memory.
    is_without_file: bool,
}

impl Section {
    fn add(&mut self, text: &str) {
        self.end.extend_from_slice(text.as_bytes());
        if self.end.len() < BUFFER || self.is_without_file {
            return;
        }
        self.beginning = self.beginning.take().or_else(Beginning::new);
        let is_kept = self.beginning.as_mut().is_some_and(|beginning| beginning.add(&self.end).is_ok());
        self.is_without_file = !is_kept;
        if is_kept {
            self.end.clear();
        }
    }

    fn write_to(self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(mut beginning) = self.beginning {
            beginning.file.rewind()?;
            let file = &mut beginning.file;
            io::copy(&mut file.take(beginning.length), out)?;
        }
        out.write_all(&self.end)
    }
}

/// A file without a name, with the first bytes of a section.
#[derive(Debug)]
struct Beginning {
    file: File,
    /// How many bytes count: what was written in vain does not.
    length: u64,
}

impl Beginning {
    /// A file, unless there are enough of them or none can be made.
    fn new() -> Option<Self> {
        let is_one_more = |files| (files < MAXIMUM_FILES).then_some(files + 1);
        FILES.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_one_more).ok()?;
        let file = tempfile::tempfile();
        if file.is_err() {
            FILES.fetch_sub(1, Ordering::Relaxed);
        }
        Some(Self { file: file.ok()?, length: 0 })
    }

    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }
}

impl Drop for Beginning {
    fn drop(&mut self) {
        FILES.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{BUFFER, MAXIMUM_FILES, Spool};
    use crate::output::Sections;

    /// Sections of very different lengths, added to in turns, and what they come to.
    fn filled(lines: usize) -> (Spool, String) {
        let (mut spool, mut expected) = (Spool::default(), vec![String::new(); 3]);
        for number in 0..lines {
            for (section, line) in [(2, format!("é{number}\n")), (0, format!("{number:>99}\n"))] {
                spool.add(section, &line);
                expected.add(section, &line);
            }
        }
        (spool, expected.concat())
    }

    fn written(spool: Spool) -> String {
        let mut text = Vec::new();
        spool.write_to(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_text_comes_out_as_it_went_in_however_long_it_is() {
        for lines in [0, 1, BUFFER / 100, BUFFER / 10] {
            let (spool, expected) = filled(lines);
            assert_eq!(spool.is_empty(), expected.is_empty());
            assert!(written(spool) == expected, "{lines} lines");
        }
    }

    #[test]
    fn little_is_in_memory() {
        let (spool, expected) = filled(BUFFER);
        let in_memory: usize = spool.sections.iter().map(|section| section.end.capacity()).sum();
        assert!(expected.len() > 20 * in_memory, "{in_memory} of {}", expected.len());
    }

    #[test]
    fn more_texts_wait_than_files_may_be_open() {
        let spools: Vec<_> = (0..2 * MAXIMUM_FILES).map(|_| filled(BUFFER / 50)).collect();
        for (spool, expected) in spools {
            assert!(written(spool) == expected);
        }
    }
}
