//! What the Guard language cannot say of a task definition, with the input that shows it.
//!
//! Owns the table of every difference between ecs-guard and `tests/guard/baseline.guard` that is no bug. A line is true:
//! `make differential` puts its input to both, and wherever a generated definition is such, Guard must say what the line
//! says. Must not know how Guard is asked.

use ecs_guard::finding::Verdict;
use serde_json::Value;

/// A difference that was looked at.
pub(crate) struct BlindSpot {
    /// What it is about, in a few words.
    pub(crate) name: &'static str,
    /// The rule, by its name in ecs-guard.
    pub(crate) rule: &'static str,
    /// What ecs-guard says, which is the truth.
    pub(crate) ours: Verdict,
    /// What Guard says.
    pub(crate) guard: Verdict,
    /// Why Guard cannot say it, in a sentence.
    pub(crate) why: &'static str,
    /// The container that shows it, in JSON.
    pub(crate) shown_by: &'static str,
    /// Whether a container is such.
    pub(crate) explains: fn(container: &Value) -> bool,
}

/// Every difference that is known.
pub(crate) const BLIND_SPOTS: &[BlindSpot] = &[
    BlindSpot {
        name: "a list where a container belongs",
        rule: "blocking-awslogs",
        ours: Verdict::Fail,
        guard: Verdict::NotApplicable,
        why: "A filter looks into a list inside a list, and of an empty one nothing is left to judge.",
        shown_by: "[]",
        explains: Value::is_array,
    },
    BlindSpot {
        name: "a size with an exponent",
        rule: "blocking-awslogs",
        ours: Verdict::Pass,
        guard: Verdict::Fail,
        why: "Guard cannot calculate with a text, and a pattern for the product of digits and exponent has no end.",
        shown_by: r#"{"LogConfiguration": {"LogDriver": "awslogs", "Options": {"mode": "non-blocking", "max-buffer-size": "2.5e1m"}}}"#,
        explains: |container| size(container).contains(['e', 'E']),
    },
    BlindSpot {
        name: "a fraction of a gigabyte or more",
        rule: "blocking-awslogs",
        ours: Verdict::Pass,
        guard: Verdict::Fail,
        why: "Guard cannot calculate with a text: 0.0244140625g is 25m, and a pattern for what is above would be for that limit only.",
        shown_by: r#"{"LogConfiguration": {"LogDriver": "awslogs", "Options": {"mode": "non-blocking", "max-buffer-size": "0.5g"}}}"#,
        explains: |container| size(container).contains('.') && whole_part(size(container)).is_empty(),
    },
    BlindSpot {
        name: "a size near the largest that Docker reads",
        rule: "blocking-awslogs",
        ours: Verdict::Pass,
        guard: Verdict::Fail,
        why: "Docker refuses a size that does not fit into 63 bits; a pattern ends at a number of digits, a little before.",
        shown_by: r#"{"LogConfiguration": {"LogDriver": "awslogs", "Options": {"mode": "non-blocking", "max-buffer-size": "1000p"}}}"#,
        explains: |container| whole_part(size(container)).len() > most_digits(size(container)),
    },
];

/// The text of `max-buffer-size`; empty if it is none.
fn size(container: &Value) -> &str {
    container.pointer("/LogConfiguration/Options/max-buffer-size").and_then(Value::as_str).unwrap_or_default()
}

/// The digits before the point, without zeros that do not count.
fn whole_part(size: &str) -> &str {
    let digits = size.trim_start_matches('+').trim_start_matches('0');
    let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
    &digits[..end]
}

/// How many digits the rules in Guard read with a size's unit.
fn most_digits(size: &str) -> usize {
    let unit = size.chars().find(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase());
    match unit {
        Some('k') => 15,
        Some('m') => 12,
        Some('g') => 9,
        Some('t') => 6,
        Some('p') => 3,
        _ => 18,
    }
}
