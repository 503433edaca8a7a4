//! What a rule is.
//!
//! Owns the [`Rule`] trait and the [`Context`] a rule reports to. Must not know any particular rule, the policy file or who
//! asked.

mod applicability;
mod asked;
pub mod capability;
mod declare;
mod docker_size;
pub mod host_mode;
pub mod host_path;
pub mod image;
mod judged;
mod metadata;
mod options;
mod profile;
pub mod user;
pub mod volume;

use std::borrow::Cow;
use std::cell::Cell;

pub(crate) use applicability::Applies;
pub use applicability::{LaunchType, Platform, TRUST_PLATFORM_FAMILY};
pub(crate) use asked::Asked;
pub(crate) use declare::{declare_rule, optional, rules};
pub use docker_size::{DOCKER_SIZE_LIMIT, DOCKER_SIZE_PATTERN, docker_size_text, parse_docker_size};
pub use judged::{Judged, Violation};
pub use metadata::{Framework, Metadata, Reference};
pub use options::{OptionKind, OptionValue, Options, RuleOption};
pub use profile::Profile;

use crate::document::{Lookup, Node, Problem, Reading, Span, Trace, Unresolved, View};
use crate::finding::{About, Change, Container, Finding, Findings, Fix, NOT_KNOWN_YET, Verdict, add_about};

/// A rule: one question asked of every task definition.
pub trait Rule: Sync {
    /// Name, severity, documentation and the rest that is fixed.
    fn metadata(&self) -> &'static Metadata;

    /// Whether its findings are about containers, by which an exception can tell them apart.
    fn is_about_containers(&self) -> bool {
        true
    }

    /// Judges one container. A container nothing is reported for passes. A rule about the whole task definition has nothing
    /// to add here.
    fn check_container(&self, _container: View<'_>, _context: &mut Context<'_>) {}

    /// Judges the whole task definition; by default, each of its containers.
    fn check_task_definition(&self, task_definition: View<'_>, context: &mut Context<'_>) {
        context.each_container(task_definition, |container, context| {
            self.check_container(container, context);
        });
    }
}

/// What a rule reports to while it looks at one task definition.
#[derive(Debug)]
pub struct Context<'a> {
    rule: &'static Metadata,
    options: &'a Options,
    verdict: Option<Verdict>,
    findings: Vec<Finding>,
    /// Whether something settled outside the text may decide a finding.
    may_be_settled: bool,
    /// Findings of which it is not known yet what decides them, by their number, and where they were found.
    places: Vec<(usize, Trace)>,
    further_findings: usize,
    /// What those are about; of one container, that is told when it is identified.
    further_about: Vec<Option<About>>,
    /// Takes what is reported beyond what is kept.
    dropped: Option<Finding>,
    duplicate_keys: Vec<&'static str>,
    not_applicable_because: Option<&'static str>,
    focus: Option<&'a Focus>,
}

/// The only container to look at, for a rule that looks at containers one by one.
#[derive(Debug)]
pub(crate) struct Focus {
    /// Its place in the list as it is written, from 1.
    pub(crate) position: usize,
    /// Whether there was such a place.
    pub(crate) is_met: Cell<bool>,
}

/// How many findings of one rule are kept, in one container and in all. Amazon ECS takes ten containers; what a
/// hostile definition repeats thousands of times must cost neither the memory nor the time that the answer needs.
const MAXIMUM_FINDINGS_OF_CONTAINER: usize = 64;
const MAXIMUM_FINDINGS: usize = 400;

/// How many combinations of duplicate keys are judged in one container before they fail it.
const MAXIMUM_COMBINATIONS: usize = 16;

/// How references to secrets begin.
const SECRETS: [&str; 2] = ["{{resolve:secretsmanager:", "{{resolve:ssm-secure:"];

/// How much of a container's name is kept; Amazon ECS takes 255 characters.
const LONGEST_NAME: usize = 255;

impl<'a> Context<'a> {
    pub(crate) fn new(rule: &'static Metadata, options: &'a Options, reading: &Reading<'_>) -> Self {
        Self {
            rule,
            options,
            verdict: None,
            findings: Vec::new(),
            may_be_settled: reading.has_resolver(),
            places: Vec::new(),
            further_findings: 0,
            further_about: Vec::new(),
            dropped: None,
            duplicate_keys: Vec::new(),
            not_applicable_because: None,
            focus: None,
        }
    }

    /// The same, looking at one container only.
    pub(crate) fn focused(self, focus: Option<&'a Focus>) -> Self {
        Self { focus, ..self }
    }

    /// The rule's options as the policy sets them.
    pub fn options(&self) -> &'a Options {
        self.options
    }

    /// Reports a violation, found in `node` or, where that is missing, in the container.
    pub fn fail(
        &mut self,
        property: &'static str,
        node: Option<&Node<'_>>,
        message: impl Into<Cow<'static, str>>,
    ) -> &mut Finding {
        self.report(Verdict::Fail, property, node, message.into())
    }

    /// Reports a value that cannot be what belongs in its place.
    pub fn malformed(&mut self, problem: &Problem<'_>) {
        let (message, remediation) = (problem.to_string(), self.rule.remediation);
        let finding = self.fail(problem.name.property, Some(problem.node), message);
        finding.remediation = problem.remediation().into();
        if problem.is_of_boolean() {
            // There are two, and the rule says which.
            finding.remediation = format!("{} {remediation}", finding.remediation).into();
        }
        if let Some(entry) = problem.miscased()
            && let Some(place) = entry.key_span
        {
            // Not the value is wrong.
            finding.span = Some(place);
            let (from, to) = (String::from(&*entry.key), problem.name.property);
            // CloudFormation and Amazon ECS refuse such a key, so nothing that runs can have it.
            finding.fix = Some(Fix::safely(&[], Change::Respell { place, from, to }));
        }
    }

    /// Reports a value that is decided later and that the answer depends on.
    pub fn unresolved(&mut self, unresolved: &Unresolved<'_>) {
        let message = format!("{unresolved}{NOT_KNOWN_YET}");
        let finding =
            self.report(Verdict::Unknown, unresolved.name.property, Some(unresolved.node), message.into());
        finding.is_function = unresolved.is_function();
        finding.remediation = unresolved.remediation().into();
        finding.span = unresolved.span();
        finding.open = unresolved.references().into_iter().map(str::to_owned).collect();
    }

    /// Reports what nobody can know before the task starts.
    pub fn undecided(
        &mut self,
        property: &'static str,
        node: &Node<'_>,
        message: impl Into<Cow<'static, str>>,
    ) -> &mut Finding {
        self.report(Verdict::Unknown, property, Some(node), message.into())
    }

    /// Says that the rule has no subject here, in words that follow "because".
    pub fn not_applicable(&mut self, because: &'static str) {
        self.join(Verdict::NotApplicable);
        self.not_applicable_because = Some(because);
    }

    fn report(
        &mut self,
        verdict: Verdict,
        property: &'static str,
        node: Option<&Node<'_>>,
        message: Cow<'static, str>,
    ) -> &mut Finding {
        self.join(verdict);
        let remediation = Cow::Borrowed(self.rule.remediation);
        let (span, container) = (node.and_then(|node| node.span), None);
        let finding = Finding {
            verdict,
            severity: self.rule.severity,
            container,
            identity: None,
            property,
            span,
            message,
            remediation,
            case: None,
            holds_in: None,
            settled: Vec::new(),
            open: Vec::new(),
            is_secret_reference: verdict == Verdict::Unknown
                && node.is_some_and(|node| SECRETS.iter().any(|secret| node.has_text_with(secret))),
            is_function: false,
            fix: None,
            excused: None,
            undecided_excuse: None,
        };
        if self.findings.len() < MAXIMUM_FINDINGS_OF_CONTAINER {
            if self.may_be_settled {
                self.places.push((self.findings.len(), node.map_or(Trace::NOWHERE, Trace::of)));
            }
            return self.findings.push_mut(finding);
        }
        self.further_findings += 1;
        add_about(&mut self.further_about, None);
        self.dropped.insert(finding)
    }

    fn join(&mut self, verdict: Verdict) {
        self.verdict = self.verdict.max(Some(verdict));
    }

    /// Calls `check` for every container, and joins what it reports.
    ///
    /// An item that is no map is reported here for every rule; one that is unresolved is unknown, and the others
    /// are still judged.
    pub fn each_container(&mut self, task_definition: View<'_>, check: impl Fn(View<'_>, &mut Context<'_>)) {
        let mut containers = match task_definition.field("ContainerDefinitions").list() {
            Lookup::Known(containers, _) => containers,
            Lookup::Absent => return self.not_applicable("the task definition has no containers"),
            Lookup::Unresolved(unresolved) => return self.unresolved(&unresolved),
            Lookup::Malformed(problem) => return self.malformed(&problem),
        };
        if let Some(focus) = self.focus {
            containers = containers.only(focus.position);
            focus.is_met.set(focus.is_met.get() || !containers.is_empty());
        }
        let reading = task_definition.reading();
        let mut joined = None;
        loop {
            let before = reading.settled();
            let Some(container) = containers.next() else { break };
            // What was left out on the way is no container of these findings.
            let from = reading.settled();
            let mut context = Context::new(self.rule, self.options, reading);
            match container.mapping() {
                Lookup::Known(..) | Lookup::Absent => context.each_combination(container, &check),
                Lookup::Unresolved(unresolved) => context.unresolved(&unresolved),
                Lookup::Malformed(problem) => context.malformed(&problem),
            }
            joined = joined.max(context.verdict);
            context.attribute(reading, container, from);
            context.identify(containers.position(), container);
            self.take_over(context);
            reading.forget_settled(before);
        }
        match joined {
            Some(verdict) => self.join(verdict),
            None => self.not_applicable("the task definition has no containers"),
        }
    }

    /// Says what decides what was found, of what is settled outside the text.
    fn attribute(&mut self, reading: &Reading<'_>, within: View<'_>, from: usize) {
        let places = std::mem::take(&mut self.places);
        if reading.settled() == 0 {
            return;
        }
        let within = within.node().map_or(Trace::NOWHERE, Trace::of);
        for (number, place) in places {
            let finding = self.findings.get_mut(number).filter(|finding| finding.verdict == Verdict::Fail);
            if let Some(finding) = finding {
                finding.settled = reading.settled_at(place, within, from);
            }
        }
    }

    /// Says which container all that was reported is about. Named once there is something to say of it.
    fn identify(&mut self, ordinal: usize, view: View<'_>) {
        if self.findings.is_empty() {
            return;
        }
        let (container, place) = identified(ordinal, view);
        for finding in &mut self.findings {
            finding.span = finding.span.or(place);
            finding.container = Some(container.clone());
        }
        if self.further_findings > 0 {
            self.further_about = vec![Some(About { container, identity: None })];
        }
    }

    /// Checks one container with each combination of its duplicate keys.
    fn each_combination(&mut self, container: View<'_>, check: &impl Fn(View<'_>, &mut Context<'_>)) {
        let reading = container.reading();
        let outer = reading.enter();
        check(container, self);
        self.join(self.verdict.unwrap_or(Verdict::Pass));
        for combination in 1.. {
            for key in reading.duplicates() {
                if !self.duplicate_keys.contains(&key) {
                    self.duplicate_keys.push(key);
                }
            }
            let has_too_many = reading.has_too_many();
            if !has_too_many && !reading.advance() {
                break;
            }
            if has_too_many || combination == MAXIMUM_COMBINATIONS {
                self.too_many_duplicates();
                break;
            }
            let mut pass = Context::new(self.rule, self.options, reading);
            check(container, &mut pass);
            self.join(pass.verdict.unwrap_or(Verdict::Pass));
            self.take_over(pass);
        }
        reading.leave(outer);
    }

    /// Reports more repeated keys than can be tried.
    pub(crate) fn too_many_duplicates(&mut self) {
        let message = "keys are repeated more often than can be judged";
        self.fail("ContainerDefinitions", None, message).remediation = "Write every key once.".into();
    }

    /// Keeps what another context found, each thing once.
    fn take_over(&mut self, other: Context<'_>) {
        self.further_findings += other.further_findings;
        for about in other.further_about {
            add_about(&mut self.further_about, about);
        }
        self.not_applicable_because = other.not_applicable_because.or(self.not_applicable_because);
        for key in other.duplicate_keys {
            if !self.duplicate_keys.contains(&key) {
                self.duplicate_keys.push(key);
            }
        }
        let mut places = other.places.into_iter().peekable();
        for (number, finding) in other.findings.into_iter().enumerate() {
            let place = places.next_if(|(of, _)| *of == number).map(|(_, place)| place);
            if self.findings.len() >= MAXIMUM_FINDINGS {
                self.further_findings += 1;
                add_about(&mut self.further_about, finding.about());
            } else if !self
                .findings
                .iter()
                .rev()
                .take(MAXIMUM_FINDINGS_OF_CONTAINER)
                .any(|kept| kept.says_the_same(&finding))
            {
                self.places.extend(place.map(|place| (self.findings.len(), place)));
                self.findings.push(finding);
            }
        }
    }

    /// What was reported; a rule that reported nothing has passed.
    pub(crate) fn finish(mut self, task_definition: View<'_>) -> Findings {
        self.attribute(task_definition.reading(), task_definition, 0);
        let verdict = self.verdict.unwrap_or(Verdict::Pass);
        Findings {
            verdict,
            kept: self.findings,
            further: self.further_findings,
            further_about: self.further_about,
            is_further_excused: false,
            duplicate_keys: self.duplicate_keys,
            not_applicable_because: self.not_applicable_because.filter(|_| verdict == Verdict::NotApplicable),
            is_certain: true,
            is_elsewhere: false,
        }
    }
}

/// A container's ordinal, name and place, as findings give them.
fn identified(ordinal: usize, container: View<'_>) -> (Container, Option<Span>) {
    let whole_name = container.certain_text("Name").filter(|(text, _)| !text.is_empty());
    let name = whole_name.map(|(text, _)| text.chars().take(LONGEST_NAME).collect());
    let name_span = match whole_name {
        Some((_, node)) => node.span,
        None => container.written("Name").and_then(|node| node.span),
    };
    let whole = match container.mapping() {
        Lookup::Known(_, node) => node.span,
        _ => None,
    };
    // A name may be the value of a function, written elsewhere.
    let is_inside =
        |name: &Span| whole.is_some_and(|whole| whole.start() <= name.start() && name.end() <= whole.end());
    (Container { task_definition: None, ordinal, name }, name_span.filter(is_inside).or(whole))
}
