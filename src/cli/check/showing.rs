//! The results of one file in every format.
//!
//! Owns that each task definition is shown as soon as it is judged, and then forgotten. Must not know how anything is
//! judged, nor any format.

use super::judge::Judged;
use super::spool::Spool;
use crate::check::{CheckedFile, JudgedTask, Totals};
use crate::output::{FileWriter, Format, Run};

/// A file that is being shown.
pub(in crate::cli) struct Showing<'f> {
    shown: Vec<(Box<dyn FileWriter + 'f>, Spool)>,
    totals: Totals,
}

impl<'f> Showing<'f> {
    /// Begins a file in every format, by its path and its text.
    pub(in crate::cli) fn begin(
        formats: &'f [Box<dyn Format>],
        path: &'f str,
        text: &'f str,
        run: &'f Run<'f>,
    ) -> Self {
        let shown = formats.iter().map(|format| (format.file(path, text, run), Spool::default()));
        Self { shown: shown.collect(), totals: Totals::default() }
    }

    /// Shows the next task definition.
    pub(in crate::cli) fn task(&mut self, task: &JudgedTask) {
        self.totals.add(Totals::of_task(task));
        for (writer, spool) in &mut self.shown {
            writer.task(task, spool);
        }
    }

    /// Shows what else there is to say of the file, whose task definitions were shown.
    pub(in crate::cli) fn end(self, file: &CheckedFile<'_>) -> Judged {
        let end = |(writer, mut spool): (Box<dyn FileWriter + 'f>, Spool)| {
            writer.end(file, &mut spool);
            spool.complete();
            spool
        };
        let mut judged = Judged::new(file, self.shown.into_iter().map(end).collect());
        judged.totals.add(self.totals);
        judged
    }
}
