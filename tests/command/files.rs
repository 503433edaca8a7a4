//! Which files `ecs-guard check` judges.
//!
//! Owns how they are found, told and read. What is said of them, the other tests have.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use super::{BAD, Checked, GOOD, Scratch, template};

#[test]
fn directories_are_searched_as_git_sees_them() {
    let scratch = Scratch::new("search");
    let bad = template(BAD);
    fs::create_dir(scratch.0.join(".git")).unwrap();
    scratch.write(".gitignore", "build/\n*.generated.yaml\n");
    for path in [
        "z.yml",
        "a/b.json.template",
        "a/b.TEMPLATE",
        "a/b.cform",
        "a-b/c.yaml",
        "ünï cödé.yaml",
        // Not these:
        "build/out.yaml",
        "x.generated.yaml",
        ".hidden.yaml",
        ".aws-sam/build/template.yaml",
        "private/ignored.yaml",
        "notes.md",
    ] {
        scratch.write(path, &bad);
    }
    scratch.write("private/.ignore", "ignored.yaml\n");
    // Neither of these is for us, and neither is a mistake.
    scratch.write("values.yaml", "{{ helm }}: [ \\\n \"\\u00e9");
    scratch.write("tsconfig.json", "{ // a comment\n}");
    scratch.write("empty.yaml", "");
    scratch.write("binary.json", b"\xff\xfe\x00\xff");
    let searched = ["a/b.TEMPLATE", "a/b.cform", "a/b.json.template", "a-b/c.yaml", "z.yml", "ünï cödé.yaml"];
    assert_eq!(scratch.failing(&[]), searched);
    assert_eq!(scratch.failing(&["."]), searched);
    assert_eq!(scratch.failing(&["./"]), searched);
    assert_eq!(scratch.failing(&["a"]), ["a/b.TEMPLATE", "a/b.cform", "a/b.json.template"]);
    assert_eq!(scratch.failing(&["--no-ignore"]).len(), searched.len() + 3);
    // What is given is read, whatever it is called and whoever ignores it.
    for given in [
        "build",
        "build/",
        ".aws-sam",
        ".hidden.yaml",
        "notes.md",
        "x.generated.yaml",
        "./private/ignored.yaml",
    ] {
        assert_eq!(scratch.failing(&[given]).len(), 1, "{given}");
    }
    let absolute = scratch.0.join("a-b").to_string_lossy().into_owned();
    assert_eq!(scratch.failing(&[&absolute]), [format!("{absolute}/c.yaml")]);
}

#[test]
fn what_one_clone_leaves_out_is_searched_and_a_link_is_told_by_its_file() {
    let scratch = Scratch::new("clone");
    fs::create_dir_all(scratch.0.join(".git/info")).unwrap();
    scratch.write(".git/info/exclude", "mine.yaml\n");
    scratch.write("mine.yaml", template(BAD));
    assert_eq!(scratch.failing(&[]), ["mine.yaml"]);
    // Whatever order the directory has.
    for link in ["z.yaml", "a.yaml", "linked/b.yaml"] {
        fs::create_dir_all(scratch.0.join("linked")).unwrap();
        symlink(scratch.0.join("mine.yaml"), scratch.0.join(link)).unwrap();
        assert_eq!(scratch.failing(&[]), ["mine.yaml"], "{link}");
    }
    assert_eq!(scratch.failing(&["linked"]), ["linked/b.yaml"]);
    assert_eq!(scratch.failing(&["z.yaml", "a.yaml"]), ["a.yaml"]);
}

#[test]
fn a_directory_that_git_ignores_is_searched_when_it_is_given() {
    for ignoring in ["cdk.out", "cdk.out/", "/cdk.out", "cdk.out/*", "cdk.out/**", "**/cdk.out/**", "*"] {
        let scratch = Scratch::new("cdk");
        fs::create_dir(scratch.0.join(".git")).unwrap();
        scratch.write(".gitignore", ignoring);
        scratch.write("infrastructure/cdk.out/Service.template.json", template(BAD));
        scratch.write("infrastructure/cdk.out/assembly-Stage/Service.template.json", template(BAD));
        scratch.write("infrastructure/cdk.out/manifest.json", "{}");
        if !ignoring.starts_with('/') && !ignoring.starts_with("cdk.out/*") {
            scratch.check(&["."]).says("nothing was judged");
        }
        let found = scratch.failing(&["infrastructure/cdk.out"]);
        let expected = ["Service.template.json", "assembly-Stage/Service.template.json"];
        assert_eq!(found, expected.map(|path| format!("infrastructure/cdk.out/{path}")), "{ignoring}");
        let mut inside = scratch.command(&[]);
        let inside = Checked::new(inside.current_dir(scratch.0.join("infrastructure/cdk.out")));
        assert_eq!(inside.code, Some(1), "{ignoring}");
    }
}

#[test]
fn patterns_that_the_shell_left_alone_are_expanded() {
    let scratch = Scratch::new("patterns");
    let bad = template(BAD);
    fs::create_dir(scratch.0.join(".git")).unwrap();
    scratch.write(".gitignore", "cdk.out/\n");
    for path in
        ["a/x.yaml", "a/b/y.yaml", "a/b/c/z.yml", "a/.hidden.yaml", "cdk.out/s.template.json", "[id].yaml"]
    {
        scratch.write(path, &bad);
    }
    scratch.write("a/values.yaml", "{{ helm }}: [");
    for (pattern, expected) in [
        ("a/*.yaml", &["a/x.yaml"][..]),
        ("./a/*.yaml", &["a/x.yaml"]),
        ("a/*/*.yaml", &["a/b/y.yaml"]),
        ("**/*.yaml", &["[id].yaml", "a/b/y.yaml", "a/x.yaml"]),
        ("a/**/*.{yaml,yml}", &["a/b/c/z.yml", "a/b/y.yaml", "a/x.yaml"]),
        ("a/.*.yaml", &["a/.hidden.yaml"]),
        ("cdk.out/*.template.json", &["cdk.out/s.template.json"]),
        ("a/b/[xy].yam?", &["a/b/y.yaml"]),
        // A file of that name is no pattern.
        ("[id].yaml", &["[id].yaml"]),
    ] {
        assert_eq!(scratch.failing(&[pattern]), expected, "{pattern}");
    }
    let absolute = format!("{}/a/*.yaml", scratch.0.display());
    assert_eq!(scratch.failing(&[&absolute]), [format!("{}/a/x.yaml", scratch.0.display())]);
    for (pattern, problem) in [
        ("a/*.json", "error: a/*.json: the pattern matches no file"),
        ("nowhere/*.yaml", "error: nowhere/*.yaml: the pattern matches no file"),
        ("a/[.yaml", "error: a/[.yaml: not a pattern: "),
    ] {
        let checked = scratch.check(&[pattern]);
        assert_eq!(checked.code, Some(2), "{pattern}");
        checked.says(problem);
    }
}

#[test]
fn a_file_that_is_reached_twice_is_checked_once() {
    let scratch = Scratch::new("twice");
    scratch.write("a/x.yaml", template(BAD));
    let absolute = scratch.0.join("a/x.yaml").to_string_lossy().into_owned();
    symlink(&absolute, scratch.0.join("link.yaml")).unwrap();
    symlink(scratch.0.join("a"), scratch.0.join("loop")).unwrap();
    symlink(&scratch.0, scratch.0.join("a/loop")).unwrap();
    symlink("nowhere", scratch.0.join("dangling.yaml")).unwrap();
    for paths in [
        &["a/x.yaml", "./a/x.yaml", "a/../a/x.yaml"][..],
        &["a", &absolute],
        &["a/*.yaml", ".", "a"],
        &["link.yaml", "a/x.yaml"],
        &["loop", "a"],
        &[],
    ] {
        assert_eq!(scratch.failing(paths).len(), 1, "{paths:?}");
    }
    // A link to a file elsewhere is followed.
    let elsewhere = Scratch::new("elsewhere");
    symlink(&absolute, elsewhere.0.join("link.yaml")).unwrap();
    assert_eq!(elsewhere.failing(&[]), ["link.yaml"]);
}

#[test]
fn what_has_no_end_is_read_up_to_a_limit() {
    let scratch = Scratch::new("endless");
    let checked = scratch.check(&["/dev/zero"]);
    assert_eq!(checked.code, Some(2));
    checked.says("/dev/zero: is larger than 64 MiB, which no template is");
    // A pipe that somebody names is read.
    let pipe = scratch.0.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let child = scratch.command(&["pipe"]).stdout(Stdio::piped()).spawn().unwrap();
    fs::write(&pipe, template(BAD)).unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(1));
}

#[test]
fn standard_input_is_a_file() {
    let scratch = Scratch::new("stdin");
    scratch.write("a.yaml", template(BAD));
    for (arguments, input, code) in [
        (&["-"][..], BAD, 1),
        (&["-", "-"], GOOD, 0),
        (&["a.yaml", "-"], GOOD, 1),
        (&["--skip-unrecognized", "-"], BAD, 1),
    ] {
        let mut child =
            scratch.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(template(input).as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let out = String::from_utf8(output.stdout).unwrap();
        assert_eq!(out.contains("<stdin>:6"), input == BAD, "{out}");
    }
    // What should have been piped in was never written.
    let empty = scratch.check(&["-", "a.yaml"]);
    assert_eq!(empty.code, Some(2));
    empty.says("<stdin>: is empty, so nothing is judged");
    assert_eq!(scratch.check(&["-", "--skip-unrecognized"]).code, Some(0));
}

#[test]
fn what_holds_no_template_is_not_passed_over_silently_when_it_is_given() {
    let scratch = Scratch::new("unrecognized");
    scratch.write("values.yaml", "replicas: 3");
    scratch.write("broken.yaml", "{{ helm }}: [");
    let given = scratch.check(&["values.yaml"]);
    assert_eq!(given.code, Some(0));
    let note = "note: values.yaml holds neither a CloudFormation template nor an ECS task definition\n";
    given.says(note);
    assert_eq!(scratch.check(&["--quiet", "values.yaml"]).err, "");
    scratch.write("a\n\u{1b}[2Jb.yaml", "replicas: 3");
    scratch.check(&["a\n\u{1b}[2Jb.yaml"]).says("note: a\u{fffd}\u{fffd}[2Jb.yaml holds neither");
    assert_eq!(scratch.check(&["broken.yaml"]).code, Some(2));
    // As a pre-commit hook gives every file there is.
    let skipping = scratch.check(&["--skip-unrecognized", "values.yaml", "broken.yaml", "ecs-guard.yaml"]);
    assert_eq!((skipping.code, skipping.err.as_str()), (Some(0), ""));
    // A directory without anything to check may be the wrong one.
    let nothing = scratch.check(&["."]);
    assert_eq!(nothing.code, Some(0));
    nothing.says("nothing was judged");
}

#[test]
fn other_encodings_are_named() {
    let scratch = Scratch::new("encodings");
    let text = template(BAD);
    let utf16 = |mark: bool, little: bool| -> Vec<u8> {
        let units = mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    };
    for content in [utf16(true, true), utf16(true, false), utf16(false, true), utf16(false, false)] {
        scratch.write("x.yaml", content);
        for paths in [&["x.yaml"][..], &["."]] {
            let checked = scratch.check(paths);
            assert_eq!(checked.code, Some(2));
            checked.says("error: this is UTF-16: save the file as UTF-8\n");
            checked.says("--> x.yaml:1:1\n");
            checked.says("1 | Resources:\n");
        }
    }
    let utf32 = |mark: bool, little: bool| -> Vec<u8> {
        let units = mark.then_some('\u{FEFF}').into_iter().chain(text.chars()).map(u32::from);
        units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    };
    for content in [utf32(true, true), utf32(true, false), utf32(false, true), utf32(false, false)] {
        scratch.write("x.yaml", content);
        for paths in [&["x.yaml"][..], &["."]] {
            let checked = scratch.check(paths);
            assert_eq!(checked.code, Some(2));
            checked.says("error: this is UTF-32: save the file as UTF-8\n");
            checked.says("--> x.yaml:1:1\n");
            checked.says("1 | Resources:\n");
        }
    }
    scratch.write("x.yaml", [b"\xef\xbb\xbf", text.as_bytes()].concat());
    assert_eq!(scratch.check(&["."]).code, Some(1));
    // Not UTF-8, and not for us.
    scratch.write("x.yaml", b"caf\xe9: 1");
    assert_eq!(scratch.check(&["."]).code, Some(0));
    let checked = scratch.check(&["x.yaml"]);
    checked.says("error: this is not UTF-8: save the file as UTF-8\n");
    checked.says("--> x.yaml:1:4\n");
    checked.says("1 | caf\u{fffd}: 1\n");
    scratch
        .check(&["x.yaml", "--format", "json"])
        .says("\"position\":{\"offset\":3,\"line\":1,\"column\":4}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_is_gone_is_not_an_empty_one() {
    let scratch = Scratch::new("gone");
    for arguments in ["", ".", "'**/*.yaml'"] {
        let script = format!("mkdir gone && cd gone && rmdir ../gone && exec \"$0\" check {arguments}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_ecs-guard")]);
        let checked = Checked::new(shell.current_dir(&scratch.0).env_remove("ECS_GUARD_POLICY"));
        assert_eq!(checked.code, Some(2), "{arguments}");
        checked.says("cannot be searched: it is not there any more");
    }
}

#[test]
fn what_may_not_be_read_is_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new("permissions");
    scratch.write("closed.yaml", template(BAD));
    scratch.write("inside/a.yaml", template(BAD));
    let set = |path: &str, mode| {
        fs::set_permissions(scratch.0.join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    set("closed.yaml", 0o000);
    set("inside", 0o000);
    // Root reads everything.
    if fs::read(scratch.0.join("closed.yaml")).is_err() {
        let checked = scratch.check(&[]);
        assert_eq!(checked.code, Some(2));
        checked.says("error: closed.yaml: cannot be read: Permission denied");
        checked.says("error: inside: cannot be searched: permission denied");
    }
    set("inside", 0o755);
}
