//! `ecs-guard invoke`: the hook on events from files.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::{Outcome, PolicySource, Streams, find_policy, today};
use crate::hook::{ErrorCode, Hook, Prepared, Status};
use crate::output::answer;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Files with one hook event each; `-` is standard input
    #[arg(required = true, value_name = "EVENT.json")]
    events: Vec<PathBuf>,

    /// What stands behind the URL that an event about a stack or a change set holds; nothing is downloaded
    #[arg(long, value_name = "BODY.json")]
    payload: Option<PathBuf>,

    /// A tag of the stack, for exceptions by tag; may be repeated
    #[arg(long = "stack-tag", value_name = "NAME=VALUE", value_parser = tag)]
    stack_tags: Vec<(String, String)>,

    /// Print the answers as the wire has them, one JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(
    arguments: &Arguments,
    source: &PolicySource,
    streams: &mut Streams,
) -> io::Result<Outcome> {
    let Some((policy, _)) = find_policy(source, streams)? else {
        return Ok(Outcome::Failed);
    };
    let hook = Hook::new(Ok(policy));
    let outside = prepared(arguments);
    let mut worst = Outcome::Compliant;
    for (index, path) in arguments.events.iter().enumerate() {
        let bytes = match read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                writeln!(streams.err, "error: {} cannot be read: {error}", path.display())?;
                worst = Outcome::Failed;
                continue;
            }
        };
        let response = hook.respond(&bytes, &outside).response;
        worst = worst.max(match (response.hook_status, response.error_code) {
            (Status::Success, _) => Outcome::Compliant,
            (Status::Failed, Some(ErrorCode::NonCompliant)) => Outcome::NonCompliant,
            (Status::Failed, _) => Outcome::Failed,
        });
        if arguments.json {
            serde_json::to_writer(&mut streams.out, &response)?;
            writeln!(streams.out)?;
        } else {
            if index > 0 {
                writeln!(streams.out)?;
            }
            answer::write(&mut streams.out, &path.display().to_string(), &response)?;
        }
    }
    Ok(worst)
}

/// What the hook may ask for, from files and the command line.
fn prepared(arguments: &Arguments) -> Prepared {
    let body = match &arguments.payload {
        Some(path) => read(path).map_err(|error| format!("{} cannot be read: {error}.", path.display())),
        None => Err("Nothing is downloaded here: give the body with `--payload BODY.json`.".to_owned()),
    };
    let tags: BTreeMap<_, _> = arguments.stack_tags.iter().cloned().collect();
    let stack_tags = if tags.is_empty() {
        Err("nobody is asked here; tags are given with `--stack-tag NAME=VALUE`".to_owned())
    } else {
        Ok(tags)
    };
    Prepared { body, today: today(), stack_tags }
}

/// `NAME=VALUE` of a tag.
pub(super) fn tag(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a tag is written NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    std::fs::read(path)
}
