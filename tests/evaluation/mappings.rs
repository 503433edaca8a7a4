//! `Fn::FindInMap`: which key it may be, and what then stands there.
//!
//! Owns keys that are put together, keys that readers read differently, and defaults.

use ecs_guard::finding::Verdict;
use ecs_guard::template::Given;

use super::{expect, judged, template};

const RULE: &str = "writable-root-filesystem";

const SECTIONS: &str = "
Parameters: {P: {Type: String}, Q: {Type: String}, A: {Type: String, AllowedValues: [dev, prod]}}
Mappings:
  M:
    dev: {ro: 'false', list: [a], open: !Ref P}
    prod: {ro: 'true', all: 'true'}
    dev-prod: {ro: 'true', all: 'true'}
  One: {x: {ro: 'false'}}
  Twice: {x: {ro: 'true'}, x: {ro: 'false'}}
  Keys: {x: {ro: 'true', ro: 'false'}}
  Numbers: {0x10: {ro: 'false'}, 7: {ro: 'true'}, app: {ro: 'true'}}
  More: {Fn::Transform: {Name: T}, x: {ro: 'true'}}
  Looped: {x: {ro: 'true'}, 'Fn::ForEach::L': [K, !Ref Open, {'${K}': {ro: 'false'}}]}
  Deep: {x: {Fn::Transform: {Name: T}, ro: 'true'}}
  Flat: {x: 'true'}
  Only: {0x10: {ro: 'false'}}
  Same: {0x10: {ro: 'false'}, 0o20: {ro: 'true'}}
  Inner: {x: {0x10: 'false', 7: 'true', app: 'true'}}";

#[track_caller]
fn finds(arguments: &str, verdict: Verdict, cases: &[Option<&str>]) {
    let text = template(SECTIONS, &format!("ReadonlyRootFilesystem: !FindInMap [{arguments}]"));
    expect(&text, &[], RULE, verdict, cases);
}

#[test]
fn a_key_that_is_written_is_found() {
    finds("M, prod, ro", Verdict::Pass, &[]);
    finds("M, dev, ro", Verdict::Fail, &[None]);
    finds("!Sub 'M', !Join ['', [pr, od]], ro", Verdict::Pass, &[]);
    for nowhere in [
        "M, nowhere, ro",
        "M, prod, nowhere",
        "Nowhere, prod, ro",
        "M, prod",
        "M, prod, ro, {}, x",
        "Flat, x, ro",
    ] {
        finds(nowhere, Verdict::Unknown, &[None]);
    }
    // No map is a value, and a list is no boolean.
    finds("M, dev, list", Verdict::Fail, &[None]);
    finds("M, dev, open", Verdict::Unknown, &[None]);
}

#[test]
fn a_key_that_is_open_is_each_that_it_may_be() {
    finds("M, !Ref P, ro", Verdict::Fail, &[Some("for P=dev")]);
    finds("M, !Ref A, ro", Verdict::Fail, &[Some("for A=dev (allowed value)")]);
    finds("M, !Ref P, all", Verdict::Pass, &[]);
    finds("One, !Ref P, ro", Verdict::Fail, &[None]);
    finds("M, !Sub 'de${P}', ro", Verdict::Fail, &[Some("for P=v")]);
    finds("M, !Sub '${P}rod', ro", Verdict::Pass, &[]);
    finds("M, !Sub '${P}-${Q}', ro", Verdict::Pass, &[]);
    finds("M, !Sub '${P}${Q}', ro", Verdict::Fail, &[Some("for PQ=dev")]);
    finds("M, dev, !Ref P", Verdict::Fail, &[Some("for P=ro"), Some("for P=list"), Some("for P=open")]);
    finds("M, prod, !Ref P", Verdict::Pass, &[]);
    finds("!Ref P, prod, ro", Verdict::Unknown, &[None]);
}

#[test]
fn two_keys_by_one_parameter_agree() {
    let same = "!FindInMap [M, !Ref P, ro]";
    let text = template(
        &format!("{SECTIONS}\nConditions: {{Same: !Equals [{same}, 'false']}}"),
        "ReadonlyRootFilesystem: !If [Same, !FindInMap [M, !Ref P, ro], true]",
    );
    expect(&text, &[], RULE, Verdict::Fail, &[Some("when Same is true")]);
    let both = "!FindInMap [M, !Sub '${P}${Q}', ro]";
    let text = template(
        &format!("{SECTIONS}\nConditions: {{Same: !Equals [{both}, {both}]}}"),
        "ReadonlyRootFilesystem: !If [Same, true, false]",
    );
    expect(&text, &[], RULE, Verdict::Pass, &[]);
}

#[test]
fn a_default_stands_where_there_is_no_key() {
    finds("M, nowhere, ro, {DefaultValue: 'true'}", Verdict::Pass, &[]);
    finds("M, nowhere, ro, {DefaultValue: 'false'}", Verdict::Fail, &[None]);
    finds("M, prod, nowhere, {DefaultValue: 'false'}", Verdict::Fail, &[None]);
    finds("M, prod, ro, {DefaultValue: 'false'}", Verdict::Pass, &[]);
    finds("M, !Ref P, all, {DefaultValue: 'false'}", Verdict::Fail, &[Some("for P=dev, or for any other P")]);
    finds("M, !Ref P, all, {DefaultValue: 'true'}", Verdict::Pass, &[]);
    finds("M, !Sub '${P}-${Q}', ro, {DefaultValue: 'false'}", Verdict::Fail, &[Some("for any other P-Q")]);
    finds("M, prod, !Ref P, {DefaultValue: 'false'}", Verdict::Fail, &[Some("for any other P")]);
    finds("M, nowhere, ro, {DefaultValue: !Ref P}", Verdict::Unknown, &[None]);
}

#[test]
fn a_key_that_stands_twice_is_each_of_them() {
    finds("Twice, x, ro", Verdict::Fail, &[Some("in some cases")]);
    finds("Keys, x, ro", Verdict::Fail, &[Some("in some cases")]);
    finds("Twice, !Ref P, ro", Verdict::Fail, &[Some("in some cases")]);
}

#[test]
fn a_key_that_is_nowhere_excludes_the_case() {
    let sections = "Parameters: {X: {Type: String}}\nConditions: {Z: !Equals [!Ref X, dev]}\n\
                    Mappings: {M: {p: {u: app, b: false}, q: {u: web, b: false}}}";
    let (root, found) = ("!If [Z, root, app]", "!FindInMap [M, !Ref X, u]");
    for (one, other) in [(root, found), (found, root)] {
        let text = template(sections, &format!("User: {one}}}\n        - {{Name: b, User: {other}"));
        expect(&text, &[], "root-user", Verdict::Pass, &[]);
    }
    // Nor is it a key of which a part has been told already.
    let of_part = sections.replace("!Equals [!Ref X, dev]", "!Equals [!Select [0, !Split [',', !Ref X]], z]");
    for (one, other) in [(root, found), (found, root)] {
        let text = template(&of_part, &format!("User: {one}}}\n        - {{Name: b, User: {other}"));
        expect(&text, &[], "root-user", Verdict::Pass, &[]);
    }
    // The rule need not read it itself.
    let text = template(sections, &format!("Privileged: !If [Z, true, false], User: {found}"));
    expect(&text, &[], "privileged-container", Verdict::Pass, &[]);
    // In that case nobody looks for it.
    let text = template(sections, &format!("User: !If [Z, root, {found}]"));
    expect(&text, &[], "root-user", Verdict::Fail, &[Some("when Z is true")]);
    let with_default = "!FindInMap [M, !Ref X, u, {DefaultValue: web}]";
    let text = template(sections, &format!("Privileged: !If [Z, true, false], User: {with_default}"));
    expect(&text, &[], "privileged-container", Verdict::Fail, &[Some("when Z is true")]);
    // What else stands there may come to be a default.
    for options in [
        "{Other: web}",
        "!If [Z, {DefaultValue: root}, {DefaultValue: web}]",
        "{DefaultValue: root, Fn::Transform: {Name: X}}",
    ] {
        let text = template(
            sections,
            &format!("Privileged: !If [Z, true, false], User: !FindInMap [M, !Ref X, u, {options}]"),
        );
        expect(&text, &[], "privileged-container", Verdict::Fail, &[Some("when Z is true")]);
        expect(&text, &[], "root-user", Verdict::Unknown, &[None]);
    }
    // Of a key that stands twice, and of what a macro may write anew, nothing is certain.
    let privileged = "Privileged: !If [Z, true, false]";
    for (transform, container) in [
        ("", format!("{privileged}, Cpu: {found}, Cpu: 256")),
        ("", format!("{privileged}, Cpu: 256, Cpu: {found}")),
        ("", format!("Privileged: {}, {privileged}", found.replace(", u", ", b"))),
        ("", format!("{privileged}, DockerLabels: {{a: {found}, Fn::Transform: {{Name: X}}}}")),
        ("", format!("{privileged}, Command: [{found}, !Transform {{Name: X}}]")),
        ("Transform: Mine\n", format!("{privileged}, Cpu: {found}")),
    ] {
        let text = template(&format!("{transform}{sections}"), &container);
        let (verdict, findings) = judged(&text, &Given::default(), "privileged-container");
        assert_eq!(verdict, Verdict::Fail, "{text}");
        assert!(
            findings.iter().any(|finding| finding.case.as_deref() == Some("when Z is true")),
            "{findings:?}"
        );
    }
    let of_aws = format!("Transform: AWS::LanguageExtensions\n{sections}");
    let text = template(&of_aws, &format!("{privileged}, Cpu: {found}"));
    expect(&text, &[], "privileged-container", Verdict::Pass, &[]);
    let beside = template(sections, &format!("{privileged}, Cpu: {found}"));
    let beside = beside.replace(
        "Type: AWS::ECS::TaskDefinition",
        "Type: AWS::ECS::TaskDefinition\n    Fn::Transform: {Name: X}",
    );
    expect(&beside, &[], "privileged-container", Verdict::Fail, &[Some("when Z is true")]);
    // What is refused whatever happens is judged as if it were not.
    let text = template(sections, "Privileged: true, User: !FindInMap [M, dev, u]");
    expect(&text, &[], "privileged-container", Verdict::Fail, &[None]);
    let text = template(sections, &format!("User: {found}"));
    expect(&text, &[("X", "dev")], "root-user", Verdict::Unknown, &[None]);
}

#[test]
fn what_a_macro_may_write_anew_is_not_known() {
    finds("More, x, ro", Verdict::Unknown, &[None]);
    finds("More, y, ro", Verdict::Unknown, &[None]);
    finds("More, !Ref P, ro", Verdict::Unknown, &[None]);
    finds("Deep, x, ro", Verdict::Unknown, &[None]);
    // A loop only adds.
    finds("Looped, x, ro", Verdict::Pass, &[]);
    finds("Looped, y, ro", Verdict::Unknown, &[None]);
    finds("Looped, y, ro, {DefaultValue: 'true'}", Verdict::Unknown, &[None]);
    finds("Deep, x, rw", Verdict::Unknown, &[None]);
    finds("Deep, x, !Ref P", Verdict::Unknown, &[None]);
    finds("Deep, !Ref P, ro", Verdict::Unknown, &[None]);
    finds("More, y, ro, {DefaultValue: 'true'}", Verdict::Unknown, &[None]);
}

#[test]
fn keys_that_readers_read_differently_are_all_that_they_may_be() {
    // `0x10` is a key of that text for one reader, and `16` for another.
    finds("Numbers, app, ro", Verdict::Pass, &[]);
    finds("Numbers, '7', ro", Verdict::Pass, &[]);
    finds("Numbers, '16', ro", Verdict::Fail, &[None]);
    finds("Numbers, '0x10', ro", Verdict::Fail, &[None]);
    finds("Numbers, '17', ro", Verdict::Unknown, &[None]);
    finds("Numbers, 0x10, ro", Verdict::Fail, &[None]);
    finds("Numbers, 16, ro", Verdict::Fail, &[None]);
    finds("Numbers, 0x11, ro", Verdict::Unknown, &[None]);
    finds("Numbers, !Ref P, ro", Verdict::Fail, &[Some("for P=0x10")]);
    finds("Numbers, !Sub 'a${P}', ro", Verdict::Fail, &[Some("for aP=0x10")]);
    finds("Numbers, app, ro, {DefaultValue: 'false'}", Verdict::Pass, &[]);
    finds("Numbers, '16', ro, {DefaultValue: 'true'}", Verdict::Unknown, &[None]);
    finds("Numbers, '17', ro, {DefaultValue: 'true'}", Verdict::Pass, &[]);
    finds("Numbers, '17', ro, {DefaultValue: 'false'}", Verdict::Fail, &[None]);
    finds("Only, !Ref P, ro", Verdict::Fail, &[None]);
    finds("Same, '16', ro", Verdict::Fail, &[Some("for 16=0x10")]);
    finds("Same, '16', ro, {DefaultValue: 'true'}", Verdict::Unknown, &[None]);
    for (key, verdict, with_false, with_true) in [
        ("app", Verdict::Pass, Verdict::Pass, Verdict::Pass),
        ("'7'", Verdict::Pass, Verdict::Pass, Verdict::Pass),
        ("'16'", Verdict::Fail, Verdict::Unknown, Verdict::Unknown),
        ("'17'", Verdict::Unknown, Verdict::Fail, Verdict::Pass),
        ("0x10", Verdict::Fail, Verdict::Fail, Verdict::Fail),
    ] {
        finds(&format!("Inner, x, {key}"), verdict, if verdict == Verdict::Pass { &[] } else { &[None] });
        for (default, expected) in [("false", with_false), ("true", with_true)] {
            let text = template(
                SECTIONS,
                &format!(
                    "ReadonlyRootFilesystem: !FindInMap [Inner, x, {key}, {{DefaultValue: '{default}'}}]"
                ),
            );
            let (found, findings) = judged(&text, &Given::default(), RULE);
            assert_eq!(found, expected, "{key} {default} {findings:#?}");
        }
    }
}
