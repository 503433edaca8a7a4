//! Verdicts, findings and their fixes.
//!
//! Owns what a rule can say about a task definition, in words and types that belong to no output format. Must not
//! know how a terminal, a hook answer or SARIF shows it: nothing here serializes. Nor how a change to a task definition
//! becomes one of its text.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::{self, Write as _};
use std::sync::Arc;

pub use crate::document::quote;

use crate::document::{MAXIMUM_SETTLED, Settled, Span};

/// What a rule says, from best to worst; several verdicts join to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The rule has no subject here.
    NotApplicable,
    /// Proven compliant.
    Pass,
    /// Violated or undecided, and excused by the policy.
    Excepted,
    /// The answer depends on a value that is not fixed yet.
    Unknown,
    /// What will be deployed violates the rule, or cannot mean anything.
    Fail,
}

impl Verdict {
    /// The word for it in logs and machine-readable output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotApplicable => "not-applicable",
            Self::Pass => "pass",
            Self::Excepted => "excepted",
            Self::Unknown => "unknown",
            Self::Fail => "fail",
        }
    }
}

/// How bad a violation is: the five words of a hook annotation's `severityLevel`
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Annotation.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the words are AWS's own and say all there is to say")]
pub enum Severity {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// The word in the spelling of the hook protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "INFORMATIONAL",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }
}

/// How what is said of a value ends that is decided later.
pub(crate) const NOT_KNOWN_YET: &str = ", which is not known yet";

/// Which container a finding is about. Displays as its quoted name, or as its number from 1, with its task definition's
/// name where that is not clear.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Container {
    /// The task definition's name, where several are spoken of.
    pub task_definition: Option<String>,
    /// Its place in the list as it is written, from 1.
    pub ordinal: usize,
    /// The beginning of its name, if that is a string that is known.
    pub name: Option<String>,
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => f.write_str(&quote(name))?,
            None => write!(f, "#{}", self.ordinal)?,
        }
        match &self.task_definition {
            Some(name) => write!(f, " of {}", quote(name)),
            None => Ok(()),
        }
    }
}

/// What exceptions look at, of what a finding is about, as far as one of the finding's rule may match it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The family of the task definition.
    pub family: Called,
    /// The container's name.
    pub container: Called,
    /// The container's image.
    pub image: Called,
}

/// What something is called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Called {
    /// Nothing that an exception matches.
    #[default]
    Otherwise,
    /// This.
    Known(String),
    /// Nobody knows yet, and these patterns of exceptions may match it.
    Open(Vec<String>),
}

/// What a finding that is not kept is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The container.
    pub container: Container,
    /// What exceptions look at.
    pub identity: Option<Box<Identity>>,
}

/// One reason for a verdict worse than pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// [`Verdict::Fail`] or [`Verdict::Unknown`].
    pub verdict: Verdict,
    /// How bad it is: as bad as its rule says, unless the rule tells its findings apart.
    pub severity: Severity,
    /// The container, unless the whole task definition is meant.
    pub container: Option<Container>,
    /// What exceptions look at; `None`: nothing that one of its rule may match.
    pub identity: Option<Box<Identity>>,
    /// The property that decides, by its own name.
    pub property: &'static str,
    /// Where the deciding value stands; where the property is missing, the container's name, or the whole container
    /// if it has none.
    pub span: Option<Span>,
    /// What was found; no full stop, and never a value that may be a secret.
    pub message: Cow<'static, str>,
    /// What to write instead; whole sentences.
    pub remediation: Cow<'static, str>,
    /// The case in which it holds, in words: "when `IsProduction` is true". `None`: in every case.
    pub case: Option<String>,
    /// Which cases those are, where there are others.
    pub holds_in: Option<Box<HoldsIn>>,
    /// What is settled outside the text that it depends on, the nearest first.
    pub settled: Vec<Settled>,
    /// What an open value refers to: names of parameters and resources.
    pub open: Vec<String>,
    /// Whether it is open because of a reference to a secret, which CloudFormation puts in only after its hooks have looked
    /// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>).
    pub is_secret_reference: bool,
    /// Whether it is open because of a function.
    pub is_function: bool,
    /// The change that removes its reason, where the rule knows one.
    pub fix: Option<Fix>,
    /// What excuses it.
    pub excused: Option<Excuse>,
    /// What nobody could tell that would excuse it or not.
    pub undecided_excuse: Option<UndecidedExcuse>,
}

/// Some of the cases that were looked at together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldsIn {
    /// Which cases they are of: the place of the container that was looked at alone, or 0.
    pub of: usize,
    /// How many there are.
    pub count: usize,
    /// A bit for each, set where it is one of them.
    pub cases: Box<[u64]>,
}

/// Why it is not told whether an exception applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndecidedExcuse {
    /// What it looks at is not known yet.
    Open,
    /// The stack's tags cannot be had.
    WithoutTags,
}

/// Why a finding does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excuse {
    /// The reason that the policy gives.
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The last day on which it counts, as `2027-03-31`.
    pub expires: Option<String>,
    /// The number of the exception in the policy, from 1.
    pub exception: usize,
}

impl Finding {
    /// When it holds, in words: its case, and what is settled that it depends on. `None`: in every case, whatever is given.
    pub fn condition(&self) -> Option<Cow<'_, str>> {
        let case = self.case.as_deref();
        if self.settled.is_empty() {
            return case.map(Cow::Borrowed);
        }
        let named = || self.settled.iter().take(MAXIMUM_SETTLED);
        let is_condition = |settled: &&Settled| matches!(settled, Settled::Condition(_));
        let mut words = String::from(case.unwrap_or_default());
        // What is asked is told with the case, where both ways are possible.
        let is_told = |settled: &&Settled| case.is_some_and(|case| case.contains(&format!(" {settled}")));
        for settled in named().filter(is_condition).filter(|settled| !is_told(settled)) {
            words += if words.is_empty() { "when " } else { " and " };
            let _ = write!(words, "{settled}");
        }
        for (at, settled) in named().filter(|settled| !is_condition(settled)).enumerate() {
            words += match (at, words.is_empty()) {
                (0, true) => "with ",
                (0, false) => ", with ",
                _ => " and ",
            };
            let _ = write!(words, "{settled}");
        }
        if self.settled.len() > MAXIMUM_SETTLED {
            words += " and more";
        }
        Some(words.into())
    }

    /// What it is about.
    pub fn about(self) -> Option<About> {
        let identity = self.identity;
        self.container.map(|container| About { container, identity })
    }

    /// Whether two findings would be told in the same words, of the same place.
    pub fn says_the_same(&self, other: &Self) -> bool {
        (self.verdict, self.property, self.span) == (other.verdict, other.property, other.span)
            && self.identity == other.identity
            && self.open == other.open
            && self.container == other.container
            && self.message == other.message
            && self.remediation == other.remediation
    }
}

/// A change of the task definition, after which a finding is not there any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// Who may want it.
    pub applicability: Applicability,
    /// The list of the task definition in whose item the keys are, and the place of the item, from 1; beside the list
    /// of containers, which the finding itself tells.
    pub item: Option<(&'static str, usize)>,
    /// The way to what is changed, key by key.
    pub keys: &'static [&'static str],
    /// What is to be done there.
    pub change: Change,
    /// Why nobody can be sure of it, in words that follow "because".
    pub obstacle: Option<&'static str>,
    /// What it comes to in the text, where somebody has looked.
    pub proposal: Option<Proposal>,
}

/// Whether a change can be noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// No correct workload can notice it.
    Safe,
    /// It takes something away that the container may use.
    Unsafe,
}

impl Applicability {
    /// The word for it on the command line and in machine-readable output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

/// What is done to a task definition, in terms of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Gives a key this value. The key and the maps on the way to it may be missing.
    Set(Literal),
    /// Takes a key away.
    Remove,
    /// Takes every item away that is one of these texts; an emptied list goes with its key.
    RemoveItems(Arc<[String]>),
    /// Adds an item to a list, which may be missing as the maps on the way to it may.
    Append(Literal),
    /// Spells a key right. The keys of the fix are not asked: the place says which.
    Respell {
        /// Where the key stands.
        place: Span,
        /// What it is now.
        from: String,
        /// What it should be.
        to: &'static str,
    },
}

/// A value to write.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the types of values are known by these names")]
pub enum Literal {
    Bool(bool),
    Text(Cow<'static, str>),
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// How many items of a list are taken away by one change.
const MAXIMUM_REMOVED: usize = 64;

impl Change {
    /// Gives a key a boolean.
    pub const fn set(value: bool) -> Self {
        Self::Set(Literal::Bool(value))
    }

    /// Takes items away; each text may come several times. `None`: they are more than anybody writes by mistake, and each of
    /// the findings would hold them all.
    pub fn remove_items<'t>(texts: impl ExactSizeIterator<Item = &'t str>) -> Option<Self> {
        if texts.len() > MAXIMUM_REMOVED {
            return None;
        }
        let mut seen = HashSet::new();
        Some(Self::RemoveItems(texts.filter(|text| seen.insert(*text)).map(str::to_owned).collect()))
    }

    /// Gives a key a text.
    pub fn set_text(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Set(Literal::Text(text.into()))
    }
}

impl Fix {
    /// A change that no correct workload can notice. The keys lead to it from the container, or from the task definition
    /// where the finding is about no container.
    pub const fn safely(keys: &'static [&'static str], change: Change) -> Self {
        Self::new(Applicability::Safe, keys, change)
    }

    /// A change that takes something away.
    pub const fn unsafely(keys: &'static [&'static str], change: Change) -> Self {
        Self::new(Applicability::Unsafe, keys, change)
    }

    const fn new(applicability: Applicability, keys: &'static [&'static str], change: Change) -> Self {
        Self { applicability, item: None, keys, change, obstacle: None, proposal: None }
    }

    /// The same in an item of another list than that of containers; its place counts from 1.
    #[must_use]
    pub fn within(self, list: &'static str, position: usize) -> Self {
        Self { item: Some((list, position)), ..self }
    }
}

/// What a fix comes to in the text that was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What it does, in the spelling of the text and in words that follow "to".
    pub title: String,
    /// The edits, in the order of the text and none touching another; or why there are none, in words that follow
    /// "because".
    pub edits: Result<Vec<Edit>, String>,
}

/// A replacement of a part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty where something is inserted.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// All that one rule reports of one task definition.
#[derive(Debug, Clone)]
pub struct Findings {
    /// The worst of what was reported.
    pub verdict: Verdict,
    /// The reasons; empty when the verdict is pass or not applicable.
    pub kept: Vec<Finding>,
    /// How many reasons there were beyond those that are kept.
    pub further: usize,
    /// What those are about, each once; `None`: the whole task definition, or what cannot be told any more.
    pub further_about: Vec<Option<About>>,
    /// Whether the policy excuses all of those.
    pub is_further_excused: bool,
    /// Keys that stood twice in a map that the rule read; every value was judged.
    pub duplicate_keys: Vec<&'static str>,
    /// Why the rule does not apply, when it does not.
    pub not_applicable_because: Option<&'static str>,
    /// Whether a violation is there in every case that the document allows; meaningless for other verdicts.
    pub is_certain: bool,
    /// Whether the task may run where the rule does not apply.
    pub is_elsewhere: bool,
}

impl Findings {
    /// What there is to say where nothing was looked at.
    pub(crate) fn nothing() -> Self {
        Self {
            verdict: Verdict::NotApplicable,
            kept: Vec::new(),
            further: 0,
            further_about: Vec::new(),
            is_further_excused: false,
            duplicate_keys: Vec::new(),
            not_applicable_because: None,
            is_certain: false,
            is_elsewhere: false,
        }
    }

    /// What is true of one possibility and of another: the worst verdict, and each reason once.
    pub(crate) fn join(mut self, other: Self) -> Self {
        let is_certain = |findings: &Self| findings.verdict == Verdict::Fail && findings.is_certain;
        self.is_certain = is_certain(&self) || is_certain(&other);
        self.is_elsewhere |= other.is_elsewhere;
        self.verdict = self.verdict.max(other.verdict);
        self.further += other.further;
        for about in other.further_about {
            add_about(&mut self.further_about, about);
        }
        self.duplicate_keys.extend(other.duplicate_keys);
        let because = self.not_applicable_because.or(other.not_applicable_because);
        self.not_applicable_because = because.filter(|_| self.verdict == Verdict::NotApplicable);
        for finding in other.kept {
            if !self.kept.iter().any(|kept| kept.says_the_same(&finding)) {
                self.kept.push(finding);
            }
        }
        self
    }
}

/// How many containers are told apart of which findings were not kept.
const MAXIMUM_ABOUT: usize = 64;

/// Adds what a finding that is not kept is about.
pub(crate) fn add_about(all: &mut Vec<Option<About>>, about: Option<About>) {
    // Beyond the bound nobody can name it, so what is said of certain containers does not cover it.
    let about = if all.len() < MAXIMUM_ABOUT { about } else { None };
    if !all.contains(&about) {
        all.push(about);
    }
}
