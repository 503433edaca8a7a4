//! Texts that wait for their turn.
//!
//! Owns where the results of a file are until those of the files before it are written, and what is said at the end until
//! then: a little in memory, the rest in a file without a name for each of the two. Must not know what a text says.
//!
//! The results of a file are written all or not at all, and often are many times longer than the file; and hundreds of files
//! wait at the same time.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::output::Sections;

/// How many bytes of a section are in memory while it grows.
const BUFFER: usize = 8 << 10;

/// How many bytes of texts that are complete are in memory together, so that a run over small files needs no file.
const IN_MEMORY: usize = 1 << 20;

/// That of the run.
static STORE: Mutex<Store> = Mutex::new(Store::new());

/// That of what waits for the run's end. All of the other begins anew many times before.
static STORE_FOR_THE_END: Mutex<Store> = Mutex::new(Store::new());

/// The text of one file's results in one format.
#[derive(Debug)]
pub(in crate::cli) struct Spool {
    store: &'static Mutex<Store>,
    sections: Vec<Section>,
    /// How many bytes the store counts as in memory here.
    in_memory: usize,
}

impl Default for Spool {
    fn default() -> Self {
        Self::of(&STORE)
    }
}

impl Sections for Spool {
    fn add(&mut self, section: usize, text: &str) {
        if self.sections.len() <= section {
            self.sections.resize_with(section + 1, Section::default);
        }
        if let Some(section) = self.sections.get_mut(section) {
            section.end.extend_from_slice(text.as_bytes());
            if section.end.len() >= BUFFER {
                section.put_aside(&mut lock(self.store));
            }
        }
    }
}

impl Spool {
    fn of(store: &'static Mutex<Store>) -> Self {
        Self { store, sections: Vec::new(), in_memory: 0 }
    }

    /// For a text that waits for the end of the run.
    pub(super) fn for_the_end() -> Self {
        Self::of(&STORE_FOR_THE_END)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sections.iter().all(|section| section.end.is_empty() && section.beginning.is_empty())
    }

    /// Nothing is added any more: the text begins to wait.
    pub(super) fn complete(&mut self) {
        let mut store = lock(self.store);
        let length: usize = self.sections.iter().map(|section| section.end.len()).sum();
        if store.in_memory + length <= IN_MEMORY {
            store.in_memory += length;
            self.in_memory += length;
        } else {
            self.sections.iter_mut().for_each(|section| section.put_aside(&mut store));
        }
        self.sections.iter_mut().for_each(|section| section.end.shrink_to_fit());
    }

    /// Writes one section after the other.
    pub(super) fn write_to(self, out: &mut dyn Write) -> io::Result<()> {
        for section in &self.sections {
            for piece in &section.beginning {
                piece.write_to(out, self.store)?;
            }
            out.write_all(&section.end)?;
        }
        Ok(())
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        let pieces = self.sections.iter().flat_map(|section| &section.beginning);
        lock(self.store).forget(pieces.map(|piece| piece.length).sum(), self.in_memory);
    }
}

#[derive(Debug, Default)]
struct Section {
    /// Where in the file that is which is not in memory any more.
    beginning: Vec<Piece>,
    end: Vec<u8>,
}

impl Section {
    /// Puts what is in memory into the file, if that takes it.
    fn put_aside(&mut self, store: &mut Store) {
        if self.end.is_empty() {
            return;
        }
        let Some(piece) = store.add(&self.end) else { return };
        self.end.clear();
        match self.beginning.last_mut().filter(|last| last.start + last.length == piece.start) {
            Some(last) => last.length += piece.length,
            None => self.beginning.push(piece),
        }
    }
}

/// A place in the file.
#[derive(Debug)]
struct Piece {
    start: u64,
    length: u64,
}

impl Piece {
    fn write_to(&self, out: &mut dyn Write, store: &Mutex<Store>) -> io::Result<()> {
        let mut buffer = [0; BUFFER];
        let mut done = 0;
        while done < self.length {
            let wanted = usize::try_from(self.length - done).unwrap_or(BUFFER).min(BUFFER);
            let (bytes, _) = buffer.split_at_mut(wanted);
            lock(store).read(self.start + done, bytes)?;
            out.write_all(bytes)?;
            done += wanted as u64;
        }
        Ok(())
    }
}

/// What all texts that wait share: a file without a name, which is there when it is needed.
#[derive(Debug)]
struct Store {
    file: Option<File>,
    /// Whether there is no file to be had or no room for it, so that all must be kept in memory.
    is_refused: bool,
    /// Where the next piece goes.
    end: u64,
    /// How many bytes of the file are waited for.
    waiting: u64,
    /// How many bytes of complete texts are in memory.
    in_memory: usize,
}

impl Store {
    const fn new() -> Self {
        Self { file: None, is_refused: false, end: 0, waiting: 0, in_memory: 0 }
    }

    /// Writes a piece, unless there is nothing to write to. What was written in vain does not count.
    fn add(&mut self, bytes: &[u8]) -> Option<Piece> {
        if self.is_refused {
            return None;
        }
        let written = self.write(bytes);
        self.is_refused = written.is_err();
        written.ok()?;
        let piece = Piece { start: self.end, length: bytes.len() as u64 };
        self.end += piece.length;
        self.waiting += piece.length;
        Some(piece)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.seek(SeekFrom::Start(self.end))?;
        file.write_all(bytes)
    }

    fn read(&mut self, start: u64, bytes: &mut [u8]) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Err(io::ErrorKind::NotFound.into()) };
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(bytes)
    }

    /// Begins the file anew when nothing in it is waited for, so it does not grow with the number of files.
    fn forget(&mut self, waiting: u64, in_memory: usize) {
        self.waiting -= waiting;
        self.in_memory -= in_memory;
        if self.waiting == 0 {
            self.end = 0;
        }
    }
}

fn lock(store: &Mutex<Store>) -> MutexGuard<'_, Store> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::Mutex;

    use super::{BUFFER, IN_MEMORY, Spool, Store, lock};
    use crate::output::Sections;

    fn store() -> &'static Mutex<Store> {
        Box::leak(Box::new(Mutex::new(Store::new())))
    }

    /// Sections of very different lengths, added to in turns, and what they come to.
    fn filled(store: &'static Mutex<Store>, lines: usize) -> (Spool, String) {
        let (mut spool, mut expected) = (Spool::of(store), vec![String::new(); 3]);
        for number in 0..lines {
            for (section, line) in [(2, format!("é{number}\n")), (0, format!("{number:>99}\n"))] {
                spool.add(section, &line);
                expected.add(section, &line);
            }
        }
        spool.complete();
        (spool, expected.concat())
    }

    fn written(spool: Spool) -> String {
        let mut text = Vec::new();
        spool.write_to(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    fn in_memory(spool: &Spool) -> usize {
        spool.sections.iter().map(|section| section.end.capacity()).sum()
    }

    #[test]
    fn a_text_comes_out_as_it_went_in_however_long_it_is() {
        for lines in [0, 1, BUFFER / 100, BUFFER / 10] {
            let (spool, expected) = filled(store(), lines);
            assert_eq!(spool.is_empty(), expected.is_empty());
            assert!(written(spool) == expected, "{lines} lines");
        }
    }

    #[test]
    fn little_is_in_memory_however_many_texts_wait() {
        let store = store();
        let spools: Vec<_> = (1..600).map(|number| filled(store, number)).collect();
        let all: usize = spools.iter().map(|(_, expected)| expected.len()).sum();
        let kept: usize = spools.iter().map(|(spool, _)| in_memory(spool)).sum();
        assert!(all > 10 * IN_MEMORY && kept <= IN_MEMORY + IN_MEMORY / 10, "{kept} of {all}");
        for (spool, expected) in spools {
            assert!(written(spool) == expected);
        }
    }

    #[test]
    fn short_texts_need_no_file() {
        let store = store();
        let spools: Vec<_> = (0..100).map(|_| filled(store, 10)).collect();
        assert!(lock(store).file.is_none());
        drop(spools);
        assert_eq!(lock(store).in_memory, 0);
    }

    #[test]
    fn a_file_is_as_long_as_what_waits_together() {
        let store = store();
        let mut longest = 0;
        for _ in 0..10 {
            let (spool, expected) = filled(store, BUFFER / 10);
            assert!(written(spool) == expected);
            longest = longest.max(expected.len());
        }
        let length = lock(store).file.as_ref().unwrap().metadata().unwrap().len();
        assert!(length <= longest as u64, "{length} for {longest}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_no_disk_takes_waits_in_memory() {
        let store = store();
        lock(store).file = Some(File::options().write(true).open("/dev/full").unwrap());
        let (spool, expected) = filled(store, BUFFER);
        assert!(written(spool) == expected);
    }
}
