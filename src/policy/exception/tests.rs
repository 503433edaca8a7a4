//! Exceptions in policies, sound ones and others.

use crate::policy::read;

fn problems(exception: &str) -> String {
    let text = format!("rules: {{root-user: {{level: off}}}}\nexceptions:\n- {exception}\n");
    match read(&text) {
        Ok(_) => String::new(),
        Err(problems) => problems.0.iter().map(|problem| problem.message.clone() + "\n").collect(),
    }
}

#[test]
fn what_is_sound_is_read() {
    let text = "exceptions:\n- rules: [root-user, privileged-container]\n  account: ['111122223333', '4*']\n  \
                stack-tags: {team: [a, b], stage: ''}\n  container: agent-*\n  reason: being rebuilt\n  \
                owner: platform\n  expires: 2027-03-31\n";
    let policy = read(text).unwrap();
    let exception = &policy.exceptions[0];
    assert_eq!(exception.rules, ["root-user", "privileged-container"]);
    assert_eq!(exception.matchers.len(), 4);
    assert_eq!((exception.line, exception.reason.as_str()), (2, "being rebuilt"));
    assert!(!exception.is_expired("2027-03-31".parse().unwrap()));
    assert!(exception.is_expired("2027-04-01".parse().unwrap()));
    assert!(exception.matchers[3].matches("agent-1") && !exception.matchers[3].matches("agent"));
}

#[test]
fn a_rule_about_the_task_has_no_container_to_excuse() {
    let policy = "profile: restricted\nexceptions:\n- {rules: [root-user, host-pid-mode], account: '1*', container: a, reason: x}";
    let problems = read(policy).unwrap_err().0;
    let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        ["`container` can match no finding of `host-pid-mode`, which is not about containers"]
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_is_contradictory_or_impossible_is_a_mistake() {
    for (exception, expected) in [
        (
            "{}",
            "an exception names no `rules`\nan exception gives no `reason`\nan exception matches everything\n",
        ),
        ("{rules: [privileged-container], account: '111122223333'}", "an exception gives no `reason`\n"),
        ("{rules: [privileged-container], account: '111122223333', reason: ' '}", "`reason` is not a text\n"),
        (
            "{rules: [], account: '111122223333', reason: x}",
            "`rules` is empty, where a list of rules belongs\n",
        ),
        ("{rules: [privileged], account: '1*', reason: x}", "unknown rule `privileged` in an exception\n"),
        (
            "{rules: [root-user], account: '1*', reason: x}",
            "the rule `root-user` is off, so there is nothing to excuse\n",
        ),
        ("{rules: privileged-container, reason: x}", "an exception matches everything\n"),
        (
            "{rules: privileged-container, family: web, reason: x}",
            "only the author of a template decides whether this exception applies\n",
        ),
        ("{rules: privileged-container, family: web, trust-author: true, reason: x}", ""),
        ("{rules: privileged-container, account: '*', trust-author: true, reason: x}", ""),
        ("{rules: privileged-container, stack-tags: {team: ''}, reason: x}", ""),
        ("{rules: privileged-container, account: '*', stack-name: a*, reason: x}", ""),
        (
            "{rules: privileged-container, account: '*', reason: x}",
            "only the author of a template decides whether this exception applies\n",
        ),
        (
            "{rules: privileged-container, stack-name: [shop, '?*'], reason: x}",
            "only the author of a template decides whether this exception applies\n",
        ),
        (
            "{rules: privileged-container, stack-tags: {team: '*'}, reason: x}",
            "only the author of a template decides whether this exception applies\n",
        ),
        ("{rules: privileged-container, family: web, stack-name: a*, reason: x}", ""),
        (
            "{rules: privileged-container, account: 1234, reason: x}",
            "`account` is no account: 12 digits, in quotes\n",
        ),
        (
            "{rules: privileged-container, account: 111122223333, reason: x}",
            "`account` is a number: put it in quotes\n",
        ),
        (
            "{rules: privileged-container, account: [], reason: x}",
            "`account` is empty, where a text with `*` and `?`, or a list of them belongs\n",
        ),
        (
            "{rules: privileged-container, stack-name: a/b, reason: x}",
            "`stack-name` can be no stack's name: a letter, and then at most 127 letters, digits and `-`\n",
        ),
        (
            "{rules: privileged-container, stack-name: 1-shop, reason: x}",
            "`stack-name` can be no stack's name: a letter, and then at most 127 letters, digits and `-`\n",
        ),
        (
            "{rules: privileged-container, account: '1?', reason: x}",
            "`account` is no account: 12 digits, in quotes\n",
        ),
        (
            "{rules: privileged-container, account: '1111222233334*', reason: x}",
            "`account` is no account: 12 digits, in quotes\n",
        ),
        (
            "{rules: privileged-container, account: '1*', logical-id: My-*, reason: x}",
            "`logical-id` can be no logical id: those are letters and digits\n",
        ),
        (
            "{rules: privileged-container, account: '1*', image: '{nginx,httpd}:*', reason: x}",
            "`image` can be no image: those are letters, digits and `-._/:@`\n",
        ),
        (
            "{rules: privileged-container, account: '1*', reason: \"\\u200b\\u200b\"}",
            "`reason` is not a text\n",
        ),
        (
            "{rules: privileged-container, account: '1*', image: 'a b*', reason: x}",
            "`image` can be no image: those are letters, digits and `-._/:@`\n",
        ),
        (
            "{rules: privileged-container, stack-tags: {team: a, team: b}, reason: x}",
            "the tag `team` is written twice\n",
        ),
        (
            "{rules: privileged-container, account: '1*', stack-tags: {'': a}, reason: x}",
            "the tag `` has no name\n",
        ),
        (
            "{rules: [privileged-container, host-pid-mode], account: '1*', container: a, reason: x}",
            "the rule `host-pid-mode` is off, so there is nothing to excuse\n",
        ),
        (
            "{rules: privileged-container, stack-tags: {}, reason: x}",
            "`stack-tags` is empty, where a map of tags and their values belongs\n",
        ),
        (
            "{rules: privileged-container, account: ['111122223333', '111122223333'], reason: x}",
            "`account` names one thing twice\n",
        ),
        (
            "{rules: privileged-container, account: '1*', expires: tomorrow, reason: x}",
            "`expires` is not a day such as 2027-03-31\n",
        ),
        (
            "{rules: privileged-container, account: '1*', expires: 2027-02-30, reason: x}",
            "`expires` is not a day such as 2027-03-31\n",
        ),
        (
            "{rules: privileged-container, account: '1*', accounts: x, reason: x}",
            "unknown key `accounts` in an exception\n",
        ),
        ("x", "an exception is not a map\n"),
    ] {
        assert_eq!(problems(exception), expected, "{exception}");
    }
}

#[test]
fn what_is_longer_than_any_of_its_kind_is_a_mistake() {
    let sized = |matcher: &str, length: usize| {
        let text = "a".repeat(length);
        let exception = "{rules: privileged-container, reason: x, account: '1*', MATCHER}";
        problems(&exception.replace("MATCHER", &matcher.replace("TEXT", &text)))
    };
    for (matcher, longest, what) in [
        ("family: 'TEXT*'", 255, "`family` is longer than any of its kind"),
        ("container: TEXT", 255, "`container` is longer than any of its kind"),
        ("logical-id: TEXT", 255, "`logical-id` is longer than any of its kind"),
        ("stack-tags: {team: 'TEXT*'}", 256, "the tag `team` is longer than any of its kind"),
        ("stack-tags: {TEXT: x}", 128, "has a longer name than any tag"),
    ] {
        assert_eq!(sized(matcher, longest), "", "{matcher}");
        let found = sized(matcher, longest + 1);
        assert!(found.trim_end().ends_with(what), "{matcher}: {found}");
    }
}

#[test]
fn two_exceptions_of_the_same_are_a_mistake() {
    let rules = "[privileged-container, writable-root-filesystem]";
    let first = format!("{{rules: {rules}, account: ['1*', '2*'], family: web, reason: x}}");
    for (second, rule) in [
        (format!("{{rules: {rules}, account: ['1*', '2*'], family: web, reason: y, expires: 2030-01-01}}"), Some("privileged-container")),
        (
            "{rules: [writable-root-filesystem, privileged-container], family: web, account: ['2*', '1*'], reason: x}"
                .to_owned(),
            Some("privileged-container"),
        ),
        (format!("{{rules: {rules}, account: ['1*', '3*'], family: web, reason: x}}"), None),
        (format!("{{rules: {rules}, account: ['1*', '2*'], reason: x}}"), None),
        (format!("{{rules: {rules}, account: ['1*', '2*'], container: web, reason: x}}"), None),
        ("{rules: privileged-container, account: ['1*', '2*'], family: web, reason: x}".to_owned(), Some("privileged-container")),
        (
            "{rules: [privileged-container, blocking-awslogs], account: ['1*', '2*'], family: web, reason: x}"
                .to_owned(),
            Some("privileged-container"),
        ),
    ] {
        let told = |rule| format!("an exception excuses `{rule}` for the same as the one in line 3\n");
        let expected = rule.map(told).unwrap_or_default();
        assert_eq!(problems(&format!("{first}\n- {second}")), expected, "{second}");
    }
}

#[test]
fn an_exception_within_another_that_lasts_as_long_is_needless() {
    let exceptions = |limits: [&str; 2]| {
        let of = |limits| format!("{{rules: [privileged-container], account: '1*', {limits}, reason: x}}");
        read(&format!("exceptions: [{}, {}]", of(limits[0]), of(limits[1]))).unwrap().exceptions
    };
    for (narrow, wide, expected) in [
        ("family: web, container: a", "family: web", true),
        ("family: web, container: a", "family: 'w*'", true),
        ("family: 'w?b', container: a", "family: 'w*'", false),
        ("family: [web, api], container: a", "family: [api, web, other]", true),
        ("family: [web, api], container: a", "family: [api]", false),
        ("container: a", "family: web", false),
        ("family: web, container: a, expires: 2027-01-01", "family: web, expires: 2027-01-01", true),
        ("family: web, container: a, expires: 2027-01-02", "family: web, expires: 2027-01-01", false),
        ("family: web, container: a", "family: web, expires: 2027-01-01", false),
        ("family: web, container: a, expires: 2027-01-01", "family: web", true),
    ] {
        let both = exceptions([narrow, wide]);
        assert_eq!(both[0].is_needless_beside(&both[1]), expected, "{narrow} beside {wide}");
        assert!(!both[1].is_needless_beside(&both[0]), "{wide} beside {narrow}");
    }
    let more = "exceptions: [{rules: [privileged-container, root-user], account: '1*', reason: x}, \
                {rules: root-user, account: '11*', container: a, reason: x}]";
    let both = read(more).unwrap().exceptions;
    assert!(!both[1].is_needless_beside(&both[0]), "a pattern within a pattern is not plain to see");
    let same = more.replace("'11*'", "'111122223333'");
    let both = read(&same).unwrap().exceptions;
    assert!(both[1].is_needless_beside(&both[0]) && !both[0].is_needless_beside(&both[1]));
}
