//! What holds of every text that is fixed.

use ecs_guard::check::{Checking, check, repair};
use ecs_guard::finding::{Applicability, Verdict};
use ecs_guard::policy::Policy;
use ecs_guard::rule::Profile;
use ecs_guard::template::Given;

use super::assert_one_line;
use super::template::assert_sound;

/// What fails only when a violation of the other rule is gone: on the host's network a privileged container needs no user,
/// as AWS Config has it.
const HIDDEN_BEHIND: (&str, &str) = ("host-network-root-user", "privileged-container");

/// Makes every fix in a text, and once more.
pub(crate) fn fix(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (given, policy) = (Given::default(), Policy::of(Profile::Pedantic));
    let checking = Checking { path: "template", given: &given, policy: &policy, excuse: &|_| {} };
    let Some(repaired) = repair(text, &checking, Applicability::Unsafe) else { return };
    if repaired.fixed.is_empty() {
        return assert_eq!(repaired.text, text, "nothing was done");
    }
    for fixed in &repaired.fixed {
        assert_one_line(&fixed.title);
    }
    let before = check("template", text, &given, &policy).expect("what was fixed is judged");
    let after = check("template", &repaired.text, &given, &policy).expect("what is fixed is judged");
    assert_sound(&after);
    let (before, after) = (before.judged.expect("it was read"), after.judged.expect("it can be read"));
    assert_eq!(before.len(), after.len(), "{}", repaired.text);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.name, after.name, "{}", repaired.text);
        for (before, after) in before.report.outcomes.iter().zip(&after.report.outcomes) {
            let (rule, was, is) = (before.rule.name, before.findings.verdict, after.findings.verdict);
            let is_uncovered =
                rule == HIDDEN_BEHIND.0 && repaired.fixed.iter().any(|fixed| fixed.rule == HIDDEN_BEHIND.1);
            assert!(
                is != Verdict::Fail || was == Verdict::Fail || is_uncovered,
                "{rule} fails only since: {}",
                repaired.text
            );
        }
    }
    let again = repair(&repaired.text, &checking, Applicability::Unsafe).expect("it can be read");
    assert_eq!(again.text, repaired.text, "a fixed text is fixed");
    let safely = repair(text, &checking, Applicability::Safe).expect("it can be read");
    assert!(safely.fixed.iter().all(|fixed| fixed.applicability == Applicability::Safe));
}
