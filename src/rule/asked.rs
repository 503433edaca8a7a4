//! What exceptions look at, of what a rule's findings are about.
//!
//! Owns what is kept of a family, a container's name and its image: as much as an exception may match. What decides them is
//! decided for the reading once the rule has read all that it reads: a finding of one case has what is so in that case, and no
//! rule learns of it. Must not know the exceptions.

use std::collections::BTreeMap;

use wildmatch::WildMatch;

use crate::document::{Lookup, View};
use crate::finding::{Called, Findings, Identity};

/// The longest family or name that is kept, in bytes
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html>).
const LONGEST: usize = 255;

/// The longest image; Amazon ECS takes no longer ones from its own registry.
const LONGEST_IMAGE: usize = 1024;

/// The patterns that the exceptions of one rule have for each.
#[derive(Debug, Default)]
pub(crate) struct Asked<'p> {
    pub(crate) families: Vec<&'p WildMatch>,
    pub(crate) containers: Vec<&'p WildMatch>,
    pub(crate) images: Vec<&'p WildMatch>,
    /// Whether there is any exception of the rule, whatever it looks at.
    pub(crate) has_exceptions: bool,
}

impl Asked<'_> {
    /// Whether any exception looks at any of them.
    pub(crate) fn is_any(&self) -> bool {
        [&self.families, &self.containers, &self.images].into_iter().any(|patterns| !patterns.is_empty())
    }

    /// Says of all that was found in a task definition what it is about.
    pub(crate) fn identify(&self, task_definition: View<'_>, findings: &mut Findings) {
        if !self.is_any() || findings.kept.is_empty() {
            return;
        }
        let reading = task_definition.reading();
        let before = reading.settled();
        // What decides one may tell more of another, so all are decided before any is told.
        for _ in 0..2 {
            self.tell(task_definition, findings);
        }
        reading.forget_settled(before);
    }

    fn tell(&self, task_definition: View<'_>, findings: &mut Findings) {
        let family = self.family_of(task_definition);
        let mut known = BTreeMap::new();
        let mut identity = |ordinal: Option<usize>| -> Option<Box<Identity>> {
            let of_place = known.entry(ordinal).or_insert_with(|| {
                let container = ordinal.and_then(|ordinal| container(task_definition, ordinal));
                let of_container = container.and_then(|container| self.of_container(container));
                let identity = Identity { family: family.clone(), ..of_container.unwrap_or_default() };
                (identity != Identity::default()).then(|| Box::new(identity))
            });
            of_place.clone()
        };
        for finding in &mut findings.kept {
            finding.identity = identity(finding.container.as_ref().map(|container| container.ordinal));
        }
        for about in findings.further_about.iter_mut().flatten() {
            about.identity = identity(Some(about.container.ordinal));
        }
    }

    /// What is looked at of a container; `None`: nothing that matches.
    fn of_container(&self, container: View<'_>) -> Option<Identity> {
        let called = |property, patterns: &[_]| called(container, property, patterns);
        let identity = Identity {
            family: Called::Otherwise,
            container: called("Name", &self.containers),
            image: called("Image", &self.images),
        };
        (identity != Identity::default()).then_some(identity)
    }

    fn family_of(&self, task_definition: View<'_>) -> Called {
        called(task_definition, "Family", &self.families)
    }
}

/// The container at a place in the list as it is written, from 1.
fn container(task_definition: View<'_>, ordinal: usize) -> Option<View<'_>> {
    match task_definition.field("ContainerDefinitions").list() {
        Lookup::Known(containers, _) => containers.only(ordinal).next(),
        _ => None,
    }
}

fn called(of: View<'_>, property: &'static str, patterns: &[&WildMatch]) -> Called {
    if patterns.is_empty() {
        return Called::Otherwise;
    }
    // To decide costs a case for each way, so it is done only where one may match.
    let longest = if property == "Image" { LONGEST_IMAGE } else { LONGEST };
    let texts = of.possible_texts(property, patterns.len());
    let may_match = |pattern: &&&WildMatch| {
        let glob = pattern.to_string();
        texts.iter().any(|text| text.may_be_like(&glob))
    };
    let patterns: Vec<_> = patterns.iter().filter(may_match).collect();
    if patterns.is_empty() {
        return Called::Otherwise;
    }
    let Some(text) = of.decided_text(property) else { return Called::Otherwise };
    match text.whole() {
        // Braces are not of any such text: something is still to be put there.
        Some(text) if text.is_empty() || text.len() > longest || text.contains("{{") => Called::Otherwise,
        Some(text) if patterns.iter().any(|pattern| pattern.matches(text)) => Called::Known(text.to_owned()),
        Some(_) => Called::Otherwise,
        None => {
            let globs = patterns.iter().map(ToString::to_string);
            let globs: Vec<_> = globs.filter(|glob| text.may_be_like(glob)).collect();
            if globs.is_empty() { Called::Otherwise } else { Called::Open(globs) }
        }
    }
}

#[cfg(test)]
mod tests {
    use wildmatch::WildMatch;

    use super::{Asked, LONGEST};
    use crate::document::{Reading, View, yaml};
    use crate::finding::Called;

    fn family(properties: &str, pattern: &str) -> Called {
        let pattern = WildMatch::new(pattern);
        let properties = yaml::read(properties).unwrap();
        let reading = Reading::new(None);
        let asked = Asked { families: vec![&pattern], ..Asked::default() };
        asked.family_of(View::new("Properties", &properties, &reading))
    }

    #[test]
    fn only_what_may_be_matched_is_kept() {
        let known = |text: &str| Called::Known(text.to_owned());
        let open = |pattern: &str| Called::Open(vec![pattern.to_owned()]);
        let longest = "a".repeat(LONGEST);
        for (properties, pattern, expected) in [
            ("Family: shop", "sh*", known("shop")),
            ("Family: 12", "1?", known("12")),
            ("Family: shop", "cart", Called::Otherwise),
            ("Other: shop", "*", Called::Otherwise),
            ("Family: ''", "*", Called::Otherwise),
            ("Family: '{{x}}'", "*", Called::Otherwise),
            ("Family: [a]", "*", Called::Otherwise),
            ("Family: null", "*", Called::Otherwise),
            ("family: shop", "*", Called::Otherwise),
            (&format!("Family: {longest}"), "*", known(&longest)),
            (&format!("Family: {longest}a"), "*", Called::Otherwise),
            ("Family: !Ref F", "shop", open("shop")),
            ("Family: 'sh{{resolve:ssm:/x}}'", "sh*", open("sh*")),
            ("Family: 'sh{{resolve:ssm:/x}}'", "cart*", Called::Otherwise),
            ("Family: '{{resolve:ssm:/x}}hop'", "s?op", open("s?op")),
            ("Family: '{{resolve:ssm:/x}}hop'", "shot", Called::Otherwise),
            ("Family: '{{resolve:ssm:/x}}-{{resolve:ssm:/y}}'", "shop", Called::Otherwise),
            ("Family: 'é{{resolve:ssm:/x}}'", "?a", open("?a")),
            ("{Family: a, Family: b}", "a", open("a")),
            ("{Family: a, Family: b}", "c", Called::Otherwise),
            ("{Family: a, 'Fn::Transform': {Name: X}}", "c", open("c")),
            ("{'Fn::Transform': {Name: X}}", "a", open("a")),
            ("!Ref P", "a", open("a")),
            ("[a]", "a", Called::Otherwise),
        ] {
            assert_eq!(family(properties, pattern), expected, "{properties} {pattern}");
        }
        assert_eq!(family("Family: shop", "sh*"), family("Family: shop", "*op"));
    }

    #[test]
    fn nothing_is_kept_where_nothing_is_asked() {
        assert!(!Asked::default().is_any());
        let pattern = WildMatch::new("*");
        for asked in [
            Asked { families: vec![&pattern], ..Asked::default() },
            Asked { containers: vec![&pattern], ..Asked::default() },
            Asked { images: vec![&pattern], ..Asked::default() },
        ] {
            assert!(asked.is_any());
        }
        let properties = yaml::read("{Name: a, Image: b}").unwrap();
        let reading = Reading::new(None);
        let view = View::new("Container", &properties, &reading);
        assert_eq!(Asked::default().of_container(view), None);
        let of_image = Asked { images: vec![&pattern], ..Asked::default() }.of_container(view).unwrap();
        assert_eq!((of_image.image, of_image.container), (Called::Known("b".to_owned()), Called::Otherwise));
    }
}
