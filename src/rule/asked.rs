//! What exceptions look at, of what a rule's findings are about.
//!
//! Owns what is kept of a family, a container's name and its image: as much as an exception may match. What decides them is
//! decided for the reading, so a finding of one case has what is so in that case. Must not know the exceptions.

use wildmatch::WildMatch;

use crate::document::{Partial, View};
use crate::finding::{Called, Identity};

/// The longest text that is kept, in bytes: of images, which have the longest, Amazon ECS takes no longer ones from its own
/// registry.
const LONGEST: usize = 1024;

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
    pub(super) fn is_any(&self) -> bool {
        [&self.families, &self.containers, &self.images].into_iter().any(|patterns| !patterns.is_empty())
    }

    /// What is looked at of a container; `None`: nothing that matches.
    pub(super) fn of_container(&self, container: View<'_>) -> Option<Box<Identity>> {
        let called = |property, patterns: &[_]| called(container, property, patterns);
        let identity = Identity {
            family: Called::Otherwise,
            container: called("Name", &self.containers),
            image: called("Image", &self.images),
        };
        (identity != Identity::default()).then(|| Box::new(identity))
    }

    pub(super) fn family_of(&self, task_definition: View<'_>) -> Called {
        called(task_definition, "Family", &self.families)
    }
}

fn called(of: View<'_>, property: &'static str, patterns: &[&WildMatch]) -> Called {
    if patterns.is_empty() {
        return Called::Otherwise;
    }
    let Some(text) = of.decided_text(property) else { return Called::Otherwise };
    match text.whole() {
        // Braces are not of any such text: something is still to be put there.
        Some(text) if text.is_empty() || text.len() > LONGEST || text.contains("{{") => Called::Otherwise,
        Some(text) if patterns.iter().any(|pattern| pattern.matches(text)) => Called::Known(text.to_owned()),
        Some(_) => Called::Otherwise,
        None => open(&text, patterns),
    }
}

fn open(text: &Partial<'_>, patterns: &[&WildMatch]) -> Called {
    let beginning = text.beginning();
    if patterns.iter().any(|pattern| may_match(pattern, beginning)) {
        Called::Open(beginning.chars().take(LONGEST).collect())
    } else {
        Called::Otherwise
    }
}

/// Whether a pattern may match a text that begins so.
pub(crate) fn may_match(pattern: &WildMatch, beginning: &str) -> bool {
    let pattern = pattern.to_string();
    let known = pattern.split(['*', '?']).next().unwrap_or_default();
    known.len() == pattern.len() && known.starts_with(beginning)
        || known.len() < pattern.len() && (known.starts_with(beginning) || beginning.starts_with(known))
}

#[cfg(test)]
mod tests {
    use wildmatch::WildMatch;

    use super::{Asked, LONGEST, may_match};
    use crate::document::{Reading, View, yaml};
    use crate::finding::Called;

    #[test]
    fn a_pattern_may_match_what_begins_as_it_does() {
        for (pattern, beginning, expected) in [
            ("nginx*", "", true),
            ("nginx*", "ng", true),
            ("nginx*", "nginx:1", true),
            ("nginx*", "httpd", false),
            ("*nginx", "httpd", true),
            ("?ginx", "xy", true),
            ("ng?nx", "ngi", true),
            ("ng?nx", "nx", false),
            ("nginx", "nginx", true),
            ("nginx", "ngi", true),
            ("nginx", "nginx:", false),
            ("nginx", "httpd", false),
        ] {
            assert_eq!(may_match(&WildMatch::new(pattern), beginning), expected, "{pattern} {beginning}");
        }
    }

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
        let open = |beginning: &str| Called::Open(beginning.to_owned());
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
            ("Family: !Ref F", "shop", open("")),
            ("Family: 'sh{{resolve:ssm:/x}}'", "sh*", open("sh")),
            ("Family: 'sh{{resolve:ssm:/x}}'", "cart*", Called::Otherwise),
            ("{Family: a, Family: b}", "a", open("")),
            ("{Family: a, 'Fn::Transform': {Name: X}}", "a", open("")),
            ("{'Fn::Transform': {Name: X}}", "a", open("")),
            ("!Ref P", "a", open("")),
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
