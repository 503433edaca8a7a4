//! Parameters that are given and that no template declares.
//!
//! Owns how a mistyped name is noticed. Must not know where values come from; it sees names only.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::check::CheckedFile;
use crate::document::quote;
use crate::policy::did_you_mean;
use crate::template::Given;

/// The parameters that are given, and which of them were declared so far.
pub(super) struct Undeclared<'a> {
    given: Vec<(&'a str, AtomicBool)>,
    /// All other names that were declared, for one may be meant.
    others: Mutex<BTreeSet<String>>,
}

impl<'a> Undeclared<'a> {
    pub(super) fn new(given: &'a Given) -> Self {
        let names = given.parameters.keys().filter(|name| !name.starts_with("AWS::"));
        let given = names.map(|name| (name.as_str(), AtomicBool::new(false))).collect();
        Self { given, others: Mutex::default() }
    }

    /// Looks for the names among the parameters of a file.
    pub(super) fn look_into(&self, file: &CheckedFile<'_>) {
        for (name, is_declared) in &self.given {
            // What cannot be read may declare what it mentions.
            let is_here = match &file.judged {
                Ok(_) => file.parameters.iter().any(|parameter| parameter == name),
                Err(_) => file.text.contains(name),
            };
            if is_here {
                is_declared.store(true, Ordering::Relaxed);
            }
        }
        if !self.given.is_empty() {
            let is_other = |name: &&String| self.given.iter().all(|(given, _)| given != name);
            let others = file.parameters.iter().filter(is_other).cloned();
            self.others.lock().unwrap_or_else(PoisonError::into_inner).extend(others);
        }
    }

    /// Says which names no file declared.
    pub(super) fn warning(&self) -> Option<String> {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let undeclared = self.given.iter().filter(|(_, is_declared)| !is_declared.load(Ordering::Relaxed));
        let mistakes = undeclared.map(|(name, _)| {
            let help = did_you_mean(name, others.iter().map(String::as_str));
            let help = help.map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{}{help}", quote(name))
        });
        let mistakes: Vec<_> = mistakes.collect();
        (!mistakes.is_empty()).then(|| format!("no template declares a parameter {}", mistakes.join(", ")))
    }
}
