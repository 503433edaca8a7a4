//! Where results go.
//!
//! Owns the formats that are asked for and the files and streams they are written to; a stream that cannot be
//! written is given up, and the others go on. Must not know what any format looks like.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anstream::StripStream;

use super::spool::Spool;
use crate::document::quote;
use crate::output::{self, Format};
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

/// The places that results go to, one for each format.
pub(in crate::cli) struct Outputs {
    outputs: Vec<Output>,
}

struct Output {
    /// What messages call it.
    place: String,
    writer: Box<dyn Write>,
    has_written_file: bool,
    problem: Option<io::Error>,
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
    let mut files = Vec::new();
    for Destination { file, name } in destinations {
        match file {
            None if prints_texts && name != "text" => {
                let message = "standard output has the fixed text or the difference; give the format a file: --format NAME=FILE";
                return Some(message.into());
            }
            None if is_standard_output_taken => {
                let message =
                    "only one format can go to standard output; give the others a file: --format NAME=FILE";
                return Some(message.into());
            }
            None => is_standard_output_taken = true,
            Some(file) => {
                // The same file in other words, as far as that can be seen without looking at the file system.
                let absolute = std::path::absolute(file).unwrap_or_else(|_| file.clone());
                if files.contains(&absolute) {
                    return Some(format!(
                        "two formats cannot go to one file, {}",
                        quote(&file.to_string_lossy())
                    ));
                }
                files.push(absolute);
            }
        }
    }
    None
}

/// Opens what is asked for. Text goes where people read, standard output as a rule, when nothing else does. A file that
/// is checked is never written.
pub(in crate::cli) fn open(
    destinations: &[Destination],
    is_checked: impl Fn(&Path) -> bool,
    for_people: (&str, Box<dyn Write>),
) -> Opened {
    let on_standard_output = destinations.iter().find(|destination| destination.file.is_none());
    let name = on_standard_output.map_or("text", |destination| &destination.name);
    let mut opened = Opened {
        formats: Vec::new(),
        outputs: Outputs { outputs: Vec::new() },
        problems: Vec::new(),
        is_text_shown: name == "text",
    };
    opened.add(name, for_people.0.into(), for_people.1);
    for (name, path) in destinations.iter().filter_map(|to| Some((&to.name, to.file.as_ref()?))) {
        let place = path.to_string_lossy().into_owned();
        if is_checked(path) {
            opened.problems.push(format!("{place} is a file to check, so no results are written to it"));
            continue;
        }
        match File::create(path) {
            Ok(file) => {
                // Colour belongs to terminals.
                let buffered: Box<dyn Write> = Box::new(BufWriter::new(file));
                opened.add(name, place, Box::new(StripStream::new(buffered)));
            }
            Err(error) => opened.problems.push(format!("{place} cannot be written: {error}")),
        }
    }
    opened
}

impl Opened {
    fn add(&mut self, name: &str, place: String, writer: Box<dyn Write>) {
        if let Some(format) = output::format(name) {
            self.formats.push(format);
            self.outputs.outputs.push(Output { place, writer, has_written_file: false, problem: None });
        }
    }
}

impl Outputs {
    /// Writes what comes before the first file or after the last.
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

    /// Hands everything that was written on.
    pub(super) fn flush(&mut self) {
        for output in &mut self.outputs {
            output.unless_given_up(|writer| writer.flush());
        }
    }

    /// The places that could not be written, a line each.
    pub(super) fn problems(&self) -> impl Iterator<Item = String> {
        self.outputs.iter().filter_map(|output| {
            let error = output.problem.as_ref()?;
            Some(format!("{} cannot be written: {error}", output.place))
        })
    }
}

impl Output {
    fn write(&mut self, text: &str) {
        self.unless_given_up(|writer| writer.write_all(text.as_bytes()));
    }

    /// A place that cannot be written once is given up; the other places still get everything.
    fn unless_given_up(&mut self, act: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        if self.problem.is_none() {
            self.problem = act(&mut self.writer).err();
        }
    }
}
