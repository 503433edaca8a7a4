//! Where results go.
//!
//! Owns the files and streams they are written to, and what must not be written over. What is in them, `tests/output.rs` has.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use super::{BAD, Checked, Scratch, WARNING, parent, template};

#[test]
fn results_go_where_they_are_sent() {
    let scratch = Scratch::new("outputs");
    scratch.write("a.yaml", template(BAD));
    scratch.write("b.yaml", template(BAD));
    let text = scratch.check(&[]);
    let both = scratch.check(&["--color=always", "--format=text=one.txt", "--format", "text=two.txt"]);
    assert_eq!(both.code, Some(1));
    assert!(both.out.contains("a.yaml"), "text goes to standard output when nothing else does");
    assert_eq!(scratch.read("one.txt"), text.out, "files have no colour");
    assert_eq!(scratch.read("two.txt"), text.out);
    assert_eq!(scratch.check(&["--format=text=-"]).out, text.out);
    for (arguments, problem) in [
        (&["--format=text", "--format=text=-"][..], "error: only one format can go to standard output"),
        (
            &["--format=text=x.txt", "--format=text=./x.txt"],
            "error: two formats cannot go to one file, `./x.txt`",
        ),
        (&["--format=text="], "there is no file name after `=`"),
        (&["--format=txt"], "there is no format `txt`; did you mean `text`?"),
        (&["--format=text=no/where.txt"], "error: no/where.txt cannot be written: No such file"),
        (&["--format=text=a.yaml"], "error: a.yaml is a file to check, so no results are written to it"),
    ] {
        let checked = scratch.check(arguments);
        assert_eq!(checked.code, Some(2), "{arguments:?}");
        checked.says(problem);
    }
    assert_eq!(scratch.read("a.yaml"), template(BAD));
    // One place that cannot be written does not take the others with it.
    let partly = scratch.check(&["--format=text=no/where.txt", "--format=text=one.txt", "--format=text"]);
    assert_eq!((partly.code, partly.out), (Some(2), text.out.clone()));
    assert_eq!(scratch.read("one.txt"), text.out);
    #[cfg(target_os = "linux")]
    {
        let full = scratch.check(&["--format=text=/dev/full"]);
        assert_eq!((full.code, full.out), (Some(2), text.out));
        assert_eq!(full.err, "error: /dev/full cannot be written: No space left on device (os error 28)\n");
    }
}

#[test]
fn no_results_are_written_to_what_was_read() {
    let scratch = Scratch::new("spared");
    scratch.write("a.yaml", template(BAD));
    scratch.write("bucket.yaml", "Resources: {Bucket: {Type: AWS::S3::Bucket}}\n");
    scratch.write("child.yaml", template(BAD));
    scratch.write("parent.yaml", parent("child.yaml"));
    scratch.write("parameters.json", "{\"Parameters\": {}}");
    fs::hard_link(scratch.0.join("child.yaml"), scratch.0.join("child.json")).unwrap();
    fs::hard_link(scratch.0.join("ecs-guard.yaml"), scratch.0.join("policy.json")).unwrap();
    symlink("a.yaml", scratch.0.join("link")).unwrap();
    let nested = ["parent.yaml", "--follow-nested"];
    for (arguments, target, problem) in [
        (&["a.yaml"][..], "a.yaml", "a.yaml is a file to check"),
        (&["a.yaml"], "link", "link is the same file as a.yaml, a file to check"),
        (&["a.yaml", "--fix"], "a.yaml", "a.yaml is a file to check"),
        (&["."], "bucket.yaml", "bucket.yaml is a file to check"),
        (&nested, "child.yaml", "child.yaml is a file to check"),
        (&nested, "child.json", "child.json is the same file as child.yaml, a file to check"),
        (&["a.yaml"], "policy.json", "ecs-guard.yaml, the policy"),
        (&["a.yaml", "--parameter-file=parameters.json"], "parameters.json", "is a file of parameters"),
    ] {
        let before = scratch.read(target);
        for format in ecs_guard::output::FORMATS {
            let format = format!("--format={format}={target}");
            let checked = scratch.check(&[arguments, &[format.as_str()]].concat());
            assert_eq!(checked.code, Some(2), "{arguments:?} {target}");
            checked.says(problem);
            checked.says("so no results are written to it");
            // All the same, everything is judged.
            assert!(checked.out.contains(" failure"), "{arguments:?} {target}: {}", checked.out);
            assert_eq!(scratch.read(target), before, "{arguments:?}");
        }
    }
    let mut piped = scratch.command(&["-", "--format=json=a.yaml"]);
    let piped = Checked::new(piped.stdin(fs::File::open(scratch.0.join("a.yaml")).unwrap()));
    assert_eq!(piped.code, Some(2));
    piped.says("a.yaml is the same file as <stdin>, a file to check");
    assert_eq!(scratch.read("a.yaml"), template(BAD));
    // A template that is not there is not made.
    scratch.write("parent.yaml", parent("gone.yaml"));
    assert_eq!(scratch.check(&[&nested[..], &["--format=json=gone.yaml"]].concat()).code, Some(2));
    assert!(!scratch.0.join("gone.yaml").exists());
}

#[test]
fn results_of_an_earlier_run_are_replaced() {
    let scratch = Scratch::new("again");
    scratch.write("a.yaml", template(BAD));
    scratch.write("report.json", "{\"older\": \"taskDefinition\"}".to_owned() + &" ".repeat(100_000));
    let mut last = None;
    for run in 0..3 {
        let checked = scratch.check(&[".", "--format=json=report.json", "--format=sarif=./report.sarif"]);
        assert_eq!((checked.code, checked.err.as_str()), (Some(1), ""), "{run}");
        let report = scratch.read("report.json");
        assert!(serde_json::from_str::<serde_json::Value>(&report).is_ok(), "{report}");
        assert_eq!(*last.get_or_insert_with(|| report.clone()), report);
    }
    // What was asked for by its name is not replaced.
    let named = scratch.check(&["a.yaml", "report.json", "--format=json=report.json"]);
    assert_eq!(named.code, Some(2));
    named.says("report.json is a file to check");
}

#[test]
fn each_format_has_a_place_of_its_own() {
    let scratch = Scratch::new("places");
    scratch.write("a.yaml", template(BAD));
    scratch.write("s/x", "");
    symlink("later", scratch.0.join("link")).unwrap();
    for [one, other] in [["s/../j", "j"], ["later", "link"], ["link", "s/../later"]] {
        let formats = [format!("--format=json={one}"), format!("--format=sarif={other}")];
        let checked = scratch.check(&[&formats[0], &formats[1]]);
        assert_eq!((checked.code, checked.out.as_str()), (Some(2), ""), "{one} {other}");
        checked.says("error: two formats cannot go to one file, ");
        checked.says("give each a file of its own");
        assert!(!scratch.0.join("j").exists() && !scratch.0.join("later").exists());
    }
    #[cfg(target_os = "linux")]
    {
        let json = scratch.check(&["--format=json"]).out;
        for name in ["/dev/stdout", "/proc/self/fd/1"] {
            let format = format!("--format=json={name}");
            assert_eq!(scratch.check(&[&format]).out, json);
            for other in ["text", "sarif=/dev/stdout"] {
                let checked = scratch.check(&[&format, "--format", other]);
                assert_eq!((checked.code, checked.out.as_str()), (Some(2), ""), "{name} {other}");
                checked.says("only one format can go to standard output; give the others a file");
            }
        }
        // Nothing is mixed up where nothing is kept.
        let mut silent =
            scratch.command(&["--format=text", "--format=json=/dev/null", "--format=csv=/dev/null"]);
        assert_eq!(silent.stdout(Stdio::null()).status().unwrap().code(), Some(1));
    }
}

#[test]
fn a_verdict_does_not_depend_on_standard_error() {
    let scratch = Scratch::new("errors");
    scratch.write("a.yaml", template(BAD));
    fs::remove_file(scratch.0.join("ecs-guard.yaml")).unwrap();
    let heard = scratch.check(&["."]);
    heard.says("no ecs-guard.yaml found");
    for redirection in ["2>/dev/full", "2>&-"] {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec \"$0\" check . {redirection}"), env!("CARGO_BIN_EXE_ecs-guard")]);
        let unheard = Checked::new(shell.current_dir(&scratch.0).env_remove("ECS_GUARD_POLICY"));
        assert_eq!((unheard.code, &unheard.out), (heard.code, &heard.out), "{redirection}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_changes_no_verdict() {
    let scratch = Scratch::new("head");
    for index in 0..300 {
        scratch.write(&format!("{index}.yaml"), template(if index == 299 { BAD } else { WARNING }));
    }
    let mut child = scratch.command(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
