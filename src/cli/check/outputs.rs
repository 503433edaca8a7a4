//! Where results go.
//!
//! Owns the formats that are asked for and the files and streams they are written to; a stream that cannot be
//! written is given up, and the others go on. What was read is never written. Must not know what any format looks like.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anstream::adapter::StripBytes;

use super::spool::Spool;
use super::target::{Identity, Source, Target};
use crate::document::quote;
use crate::output::{self, End, Format, Run, Sections, UnreadableFile};
use crate::policy::did_you_mean;

/// A format by its name, and the file it goes to; `None` is standard output.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Destination {
    name: String,
    file: Option<PathBuf>,
}

/// What `--format` takes, for people.
pub(super) fn help() -> String {
    format!(
        "How to write the results: {}. May be repeated; all but one go to a file, and text goes to standard output \
         when nothing else does",
        output::FORMATS.join(", ")
    )
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(argument: &str) -> Result<Self, String> {
        let (name, file) = match argument.split_once('=') {
            Some((_, "")) => return Err("there is no file name after `=`".into()),
            Some((name, "-")) => (name, None),
            Some((name, file)) => (name, Some(file.into())),
            None => (argument, None),
        };
        if !output::FORMATS.contains(&name) {
            let help = did_you_mean(name, output::FORMATS.iter().copied())
                .unwrap_or_else(|| format!("there are {}", output::FORMATS.join(", ")));
            return Err(format!("there is no format {}; {help}", quote(name)));
        }
        Ok(Self { name: name.into(), file })
    }
}

impl Destination {
    /// The file it goes to; `None` is standard output, also where that has a name, such as `/dev/stdout`.
    fn file(&self) -> Option<&Path> {
        let is_standard_output = |file: &&Path| {
            Identity::of_stream(&io::stdout())
                .is_some_and(|standard_output| Identity::of(file) == Some(standard_output))
        };
        self.file.as_deref().filter(|file| !is_standard_output(file))
    }
}

/// The places that results go to, one for each format.
pub(in crate::cli) struct Outputs {
    outputs: Vec<Output>,
}

struct Output {
    /// What messages call it.
    place: String,
    writer: Writer,
    has_written_file: bool,
    /// What is said at the end of files that cannot be read.
    unreadable: Spool,
    /// Why nothing more is written to it, with its place.
    problem: Option<String>,
}

enum Writer {
    Stream(Box<dyn Write>),
    File(Uncoloured),
}

/// A file, without colour, which belongs to terminals.
struct Uncoloured {
    file: BufWriter<Target>,
    colours: StripBytes,
}

/// What came of opening the outputs.
pub(in crate::cli) struct Opened {
    /// The formats, in the order of their outputs.
    pub(in crate::cli) formats: Vec<Box<dyn Format>>,
    pub(super) outputs: Outputs,
    /// What could not be opened and why, a line each.
    pub(super) problems: Vec<String>,
    /// Whether people read the results on standard output.
    pub(super) is_text_shown: bool,
}

/// What is wrong with the formats that are asked for, before anything is read. Texts may go to standard output; what people
/// read then goes to standard error.
pub(in crate::cli) fn mistake(destinations: &[Destination], prints_texts: bool) -> Option<String> {
    let mut is_standard_output_taken = false;
    for destination in destinations {
        if destination.file().is_some() {
            continue;
        }
        if prints_texts && destination.name != "text" {
            let message = "standard output has the fixed text or the difference; give the format a file: --format NAME=FILE";
            return Some(message.into());
        }
        if is_standard_output_taken {
            let message =
                "only one format can go to standard output; give the others a file: --format NAME=FILE";
            return Some(message.into());
        }
        is_standard_output_taken = true;
    }
    None
}

/// What keeps results from being written, as far as that can be told before a long run: directories that are not there.
pub(in crate::cli) fn obstacles(destinations: &[Destination]) -> Vec<String> {
    let is_lost = |path: &&Path| {
        let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
        directory.is_some_and(|directory| !directory.is_dir())
    };
    let lost = destinations.iter().filter_map(Destination::file).filter(is_lost);
    lost.map(|path| format!("{} cannot be written: there is no such directory", path.display())).collect()
}

/// Opens what is asked for, or says what is wrong with that. Text goes where people read, standard output as a rule, when
/// nothing else does. What is kept for the next audit, by `is_kept`, is never written.
pub(in crate::cli) fn open(
    destinations: &[Destination],
    is_kept: impl Fn(&Path) -> bool,
    for_people: (&str, Box<dyn Write>),
) -> Result<Opened, String> {
    let on_standard_output = destinations.iter().find(|destination| destination.file().is_none());
    let name = on_standard_output.map_or("text", |destination| &destination.name);
    let mut opened = Opened {
        formats: Vec::new(),
        outputs: Outputs { outputs: Vec::new() },
        problems: Vec::new(),
        is_text_shown: name == "text",
    };
    opened.add(name, for_people.0.into(), Writer::Stream(for_people.1));
    for (name, path) in destinations.iter().filter_map(|to| Some((&to.name, to.file()?))) {
        let place = path.to_string_lossy().into_owned();
        if is_kept(path) {
            let problem = format!("{place} is in the audit's state, so no results are written to it");
            opened.problems.push(problem);
            continue;
        }
        match Target::open(path) {
            Ok(target) => {
                let is_same = |other: &&Output| {
                    let other = other.target().and_then(Target::identity);
                    other.is_some_and(|other| target.identity() == Some(other))
                };
                if let Some(other) = opened.outputs.outputs.iter().find(is_same) {
                    let mut message = format!("two formats cannot go to one file, {}", quote(&place));
                    if other.place != place {
                        let _ = write!(message, ", which {} is too", quote(&other.place));
                    }
                    return Err(message + "; give each a file of its own");
                }
                let file = Uncoloured { file: BufWriter::new(target), colours: StripBytes::new() };
                opened.add(name, place, Writer::File(file));
            }
            Err(error) => opened.problems.push(format!("{place} cannot be written: {error}")),
        }
    }
    Ok(opened)
}

impl Opened {
    fn add(&mut self, name: &str, place: String, writer: Writer) {
        if let Some(format) = output::format(name) {
            self.formats.push(format);
            self.outputs.outputs.push(Output {
                place,
                writer,
                has_written_file: false,
                unreadable: Spool::for_the_end(),
                problem: None,
            });
        }
    }
}

impl Outputs {
    /// Writes what comes before the first file.
    pub(super) fn write(&mut self, texts: impl Iterator<Item = String>) {
        for (output, text) in self.outputs.iter_mut().zip(texts) {
            output.write(&text);
        }
    }

    /// Writes one file's results.
    pub(super) fn write_file(&mut self, formats: &[Box<dyn Format>], texts: Vec<Spool>) {
        let all = self.outputs.iter_mut().zip(formats).zip(texts);
        for ((output, format), text) in all.filter(|(_, text)| !text.is_empty()) {
            if output.has_written_file {
                output.write(format.separator());
            }
            output.unless_given_up(|writer| text.write_to(writer));
            output.has_written_file = true;
        }
    }

    /// Keeps what is said at the end of a file that cannot be read.
    pub(super) fn keep_unreadable(
        &mut self,
        formats: &[Box<dyn Format>],
        file: &UnreadableFile,
        run: &Run<'_>,
    ) {
        for (output, format) in self.outputs.iter_mut().zip(formats) {
            let text = format.unreadable(file, run);
            if !text.is_empty() && !output.unreadable.is_empty() {
                output.unreadable.add(0, format.separator());
            }
            output.unreadable.add(0, &text);
        }
    }

    /// Writes what comes after the last file.
    pub(super) fn write_end(&mut self, ends: impl Iterator<Item = End>) {
        for (output, end) in self.outputs.iter_mut().zip(ends) {
            output.write(&end.before_unreadable);
            let unreadable = mem::replace(&mut output.unreadable, Spool::for_the_end());
            output.unless_given_up(|writer| unreadable.write_to(writer));
            output.write(&end.after_unreadable);
        }
    }

    /// Hands everything that was written on.
    pub(super) fn flush(&mut self) {
        for output in &mut self.outputs {
            output.unless_given_up(Write::flush);
        }
    }

    /// Keeps a file that was read from being written.
    pub(super) fn spare(&mut self, read: &Source) {
        for output in &mut self.outputs {
            let target = output.target().filter(|target| target.identity() == Some(&read.identity));
            if let Some(problem) = target.and_then(|target| read.refuses(target, &output.place)) {
                output.problem.get_or_insert(problem);
            }
        }
    }

    /// Writes the files, which are as they were until now.
    pub(super) fn finish(&mut self) {
        for output in &mut self.outputs {
            output.unless_given_up(Writer::finish);
        }
    }

    /// The places that could not be written, a line each.
    pub(super) fn problems(&self) -> impl Iterator<Item = String> {
        self.outputs.iter().filter_map(|output| output.problem.clone())
    }
}

impl Output {
    /// The file it goes to.
    fn target(&self) -> Option<&Target> {
        match &self.writer {
            Writer::Stream(_) => None,
            Writer::File(Uncoloured { file, .. }) => Some(file.get_ref()),
        }
    }

    fn write(&mut self, text: &str) {
        self.unless_given_up(|writer| writer.write_all(text.as_bytes()));
    }

    /// A place that cannot be written once is given up; the other places still get everything.
    fn unless_given_up(&mut self, act: impl FnOnce(&mut Writer) -> io::Result<()>) {
        if self.problem.is_none() {
            let problem = act(&mut self.writer).err();
            self.problem = problem.map(|error| format!("{} cannot be written: {error}", self.place));
        }
    }
}

impl Writer {
    fn finish(&mut self) -> io::Result<()> {
        self.flush()?;
        match self {
            Self::Stream(_) => Ok(()),
            Self::File(Uncoloured { file, .. }) => file.get_mut().finish(),
        }
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stream(stream) => stream.write(bytes),
            Self::File(Uncoloured { file, colours }) => {
                colours.strip_next(bytes).try_for_each(|part| file.write_all(part))?;
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stream(stream) => stream.flush(),
            Self::File(Uncoloured { file, .. }) => file.flush(),
        }
    }
}
