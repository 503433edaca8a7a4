//! What fixes make of texts, style by style.

use super::{Resources, Source, Task, changed, edited, plan, title};
use crate::document::{Document, Span, Syntax, json, yaml};
use crate::finding::{Change, Container, Finding, Fix, Literal, Severity, Verdict};

fn finding() -> Finding {
    Finding {
        verdict: Verdict::Fail,
        severity: Severity::High,
        container: Some(Container { task_definition: None, ordinal: 1, name: None }),
        identity: None,
        property: "Property",
        span: None,
        message: "message".into(),
        remediation: "Remediation.".into(),
        case: None,
        holds_in: None,
        settled: Vec::new(),
        open: Vec::new(),
        fix: None,
        is_secret_reference: false,
        is_function: false,
        excused: None,
        undecided_excuse: None,
    }
}

fn document(text: &str) -> Document<'_> {
    match json::read(text.as_bytes()) {
        Ok(root) => Document { root, syntax: Syntax::Json, alias: None, shared: Vec::new() },
        Err(_) => yaml::read_template(text).unwrap_or_else(|error| panic!("{error}\n{text}")),
    }
}

/// What a fix makes of a text, or why it does not; what it makes must be what the tree says.
fn fixed_in(text: &str, task: Task<'_>, fix: &Fix) -> Result<String, String> {
    let document = document(text);
    let resources = Resources::of(&document);
    let plan = plan(&Source { text, document: &document, resources: &resources, task }, &finding(), fix)?;
    let fixed = edited(text, &plan.edits);
    let expected = changed(&document.root, &[&plan]).unwrap();
    assert!(self::document(&fixed).root.is_like(&expected), "{fixed}\n{expected:?}");
    Ok(fixed)
}

/// The same for the container in a template; given and answered is the container alone, its lines not indented.
fn fixed(container: &str, fix: &Fix) -> Result<String, String> {
    let head = "Resources:\n  T:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n";
    let indented: String = container
        .split_inclusive('\n')
        .enumerate()
        .map(|(number, line)| match (number, line) {
            (0, line) => format!("        - {line}"),
            (_, "\n" | "\r\n") => line.to_owned(),
            (_, line) => format!("          {line}"),
        })
        .collect();
    let fixed = fixed_in(&format!("{head}{indented}"), Task::Resource("T"), fix)?;
    let body = fixed.strip_prefix(head).unwrap().strip_prefix("        - ").unwrap();
    Ok(body.replace("\n          ", "\n"))
}

/// The plain task definition of a text.
fn plain_task(text: &str) -> Task<'static> {
    let root = document(text).root;
    Task::Plain(root.get("taskDefinition").unwrap_or(&root).span.unwrap())
}

#[track_caller]
fn becomes(container: &str, fix: &Fix, expected: &str) {
    assert_eq!(fixed(container, fix).as_deref(), Ok(expected), "{container}");
}

#[track_caller]
fn stays(container: &str, fix: &Fix, because: &str) {
    assert_eq!(fixed(container, fix), Err(because.to_owned()), "{container}");
}

/// The same in JSON; what is given stands for the container.
#[track_caller]
fn becomes_in_json(container: &str, fix: &Fix, expected: &str) {
    let whole = |container: &str| {
        format!(
            "{{\"Resources\": {{\"T\": {{\"Properties\": {{\"ContainerDefinitions\": [{container}]}}}}}}}}"
        )
    };
    assert_eq!(fixed_in(&whole(container), Task::Resource("T"), fix), Ok(whole(expected)));
}

const READ_ONLY: Fix = Fix::unsafely(&["ReadonlyRootFilesystem"], Change::set(true));

fn mode() -> Fix {
    Fix::safely(&["LogConfiguration", "Options", "mode"], Change::set_text("non-blocking"))
}

fn without(texts: &[&str]) -> Fix {
    let texts = texts.iter().map(|text| (*text).to_owned()).collect();
    Fix::unsafely(&["LinuxParameters", "Capabilities", "Add"], Change::RemoveItems(texts))
}

fn remove() -> Fix {
    Fix::unsafely(&["Privileged"], Change::Remove)
}

fn append() -> Fix {
    let keys = &["LinuxParameters", "Capabilities", "Drop"];
    Fix::unsafely(keys, Change::Append(Literal::Text("ALL".into())))
}

#[test]
fn a_value_is_replaced_in_its_own_quotes() {
    for (before, after) in [
        ("false", "true"),
        ("False", "true"),
        ("no", "true"),
        ("'false'", "'true'"),
        ("\"FALSE\" # why", "\"true\" # why"),
        ("null", "true"),
        ("~ # none", "true # none"),
        ("!!bool false", "!!bool true"),
    ] {
        let container = |value| format!("Name: web\nReadonlyRootFilesystem:   {value}\nImage: x\n");
        becomes(&container(before), &READ_ONLY, &container(after));
    }
    becomes("ReadonlyRootFilesystem:\nName: web\n", &READ_ONLY, "ReadonlyRootFilesystem: true\nName: web\n");
    becomes(
        "ReadonlyRootFilesystem: # nothing\nName: web\n",
        &READ_ONLY,
        "ReadonlyRootFilesystem: true # nothing\nName: web\n",
    );
    becomes(
        "LogConfiguration:\n  Options:\n    mode: >-\n      blocking\n\nName: web\n",
        &mode(),
        "LogConfiguration:\n  Options:\n    mode: non-blocking\n\nName: web\n",
    );
}

#[test]
fn a_missing_key_goes_to_the_end_of_its_map() {
    becomes("Name: web\n", &READ_ONLY, "Name: web\nReadonlyRootFilesystem: true\n");
    becomes("Name: web", &READ_ONLY, "Name: web\nReadonlyRootFilesystem: true");
    becomes(
        "Name: web\nImage: x   # the image\n\n# Privileged: true\n",
        &READ_ONLY,
        "Name: web\nImage: x   # the image\nReadonlyRootFilesystem: true\n\n# Privileged: true\n",
    );
    becomes(
        "\"Name\": \"web\"\n\"Command\":\n- a\n- b # c\n",
        &READ_ONLY,
        "\"Name\": \"web\"\n\"Command\":\n- a\n- b # c\n\"ReadonlyRootFilesystem\": true\n",
    );
    becomes("{Name: web}\n", &READ_ONLY, "{Name: web, ReadonlyRootFilesystem: true}\n");
    becomes("{ 'Name':web, }\n", &READ_ONLY, "{ 'Name':web,'ReadonlyRootFilesystem':true, }\n");
    becomes("{}\n", &READ_ONLY, "{ReadonlyRootFilesystem: true}\n");
}

#[test]
fn a_text_over_several_lines_keeps_its_end() {
    becomes(
        "Name: web\nCommand: |\n  a\n\n  b\n",
        &READ_ONLY,
        "Name: web\nCommand: |\n  a\n\n  b\nReadonlyRootFilesystem: true\n",
    );
    becomes(
        "Name: web\nCommand: [!Sub 'a\n  b'] # c\n",
        &READ_ONLY,
        "Name: web\nCommand: [!Sub 'a\n  b'] # c\nReadonlyRootFilesystem: true\n",
    );
    // Its line breaks go on to the next key, so nothing can come between.
    becomes(
        "Name: web # n\nCommand: |+\n  a\n\n",
        &READ_ONLY,
        "Name: web # n\nReadonlyRootFilesystem: true\nCommand: |+\n  a\n\n",
    );
    becomes(
        "Name: web\nHealthCheck:\n  Command:\n    - a\n    - !Sub |\n      b",
        &READ_ONLY,
        "Name: web\nReadonlyRootFilesystem: true\nHealthCheck:\n  Command:\n    - a\n    - !Sub |\n      b",
    );
    stays("Command: |+\n  a\n\n", &READ_ONLY, "there is no certain place for it in the text");
}

#[test]
fn missing_maps_are_made_in_the_style_of_their_neighbours() {
    becomes(
        "LogConfiguration:\n    LogDriver: awslogs\nName: web\n",
        &mode(),
        "LogConfiguration:\n    LogDriver: awslogs\n    Options:\n        mode: non-blocking\nName: web\n",
    );
    becomes("Name: web\n", &mode(), "Name: web\nLogConfiguration:\n  Options:\n    mode: non-blocking\n");
    becomes(
        "LogConfiguration:\n  LogDriver: 'awslogs'\n",
        &mode(),
        "LogConfiguration:\n  LogDriver: 'awslogs'\n  Options:\n    mode: 'non-blocking'\n",
    );
    becomes(
        "LogConfiguration:\n  LogDriver: awslogs\n  Options: {}\n",
        &mode(),
        "LogConfiguration:\n  LogDriver: awslogs\n  Options: {mode: non-blocking}\n",
    );
    becomes(
        "LogConfiguration:\n  LogDriver: awslogs\n  Options:\nName: web\n",
        &mode(),
        "LogConfiguration:\n  LogDriver: awslogs\n  Options: {mode: non-blocking}\nName: web\n",
    );
    becomes(
        "{Name: web, LogConfiguration: { LogDriver: awslogs } }\n",
        &mode(),
        "{Name: web, LogConfiguration: { LogDriver: awslogs, Options: { mode: non-blocking } } }\n",
    );
}

#[test]
fn windows_line_breaks_stay() {
    becomes(
        "Name: web\r\nImage: x\r\n",
        &mode(),
        "Name: web\r\nImage: x\r\nLogConfiguration:\r\n  Options:\r\n    mode: non-blocking\r\n",
    );
    becomes("Privileged: true # c\r\nName: web\r\n", &remove(), "# c\r\nName: web\r\n");
}

#[test]
fn json_is_written_as_it_is() {
    becomes_in_json(r#"{"Name":"web"}"#, &READ_ONLY, r#"{"Name":"web","ReadonlyRootFilesystem":true}"#);
    becomes_in_json(
        r#"{"Name": "web", "ReadonlyRootFilesystem": "false"}"#,
        &READ_ONLY,
        r#"{"Name": "web", "ReadonlyRootFilesystem": "true"}"#,
    );
    becomes_in_json(
        r#"{"LogConfiguration":{"LogDriver":"awslogs"}}"#,
        &mode(),
        r#"{"LogConfiguration":{"LogDriver":"awslogs","Options":{"mode":"non-blocking"}}}"#,
    );
    becomes_in_json(
        "{\n\t\"Name\": \"web\"\n}",
        &mode(),
        "{\n\t\"Name\": \"web\",\n\t\"LogConfiguration\": {\n\t\t\"Options\": {\n\t\t\t\"mode\": \
         \"non-blocking\"\n\t\t}\n\t}\n}",
    );
    becomes_in_json(
        "{\n  \"a\": 1,\r\n  \"b\": 2\r\n}",
        &READ_ONLY,
        "{\n  \"a\": 1,\r\n  \"b\": 2,\r\n  \"ReadonlyRootFilesystem\": true\r\n}",
    );
    becomes_in_json(
        "{\n    \"a\": 1\n  , \"b\": 2\n}",
        &READ_ONLY,
        "{\n    \"a\": 1\n  , \"b\": 2\n  , \"ReadonlyRootFilesystem\": true\n}",
    );
    becomes_in_json(
        "{\n  \"a\"    : 1\n}",
        &READ_ONLY,
        "{\n  \"a\"    : 1,\n  \"ReadonlyRootFilesystem\" : true\n}",
    );
    becomes_in_json("{}", &READ_ONLY, r#"{"ReadonlyRootFilesystem": true}"#);
    becomes_in_json(
        r#"{"LogConfiguration": null}"#,
        &mode(),
        r#"{"LogConfiguration": {"Options": {"mode": "non-blocking"}}}"#,
    );
}

#[test]
fn comments_between_brackets_stay_where_they_belong() {
    becomes(
        "{\n  Name: web, # the name\n  Image: x # the image\n}\n",
        &READ_ONLY,
        "{\n  Name: web, # the name\n  Image: x, # the image\n  ReadonlyRootFilesystem: true\n}\n",
    );
    becomes(
        "{ # first\n  Name: web # the name\n  # end\n}\n",
        &READ_ONLY,
        "{ # first\n  Name: web, # the name\n  ReadonlyRootFilesystem: true\n  # end\n}\n",
    );
    becomes("{\n  Name: web,\n}\n", &READ_ONLY, "{\n  Name: web,\n  ReadonlyRootFilesystem: true,\n}\n");
}

#[test]
fn items_are_taken_out_of_lists() {
    let flow = |items: &str| format!("LinuxParameters: {{Capabilities: {{Add: [{items}]}}, Tmpfs: []}}\n");
    for (removed, after) in [
        (&["A"] as &[_], "B, 'C', A1"),
        (&["B"], "A, 'C', A1"),
        (&["C"], "A, B, A1"),
        (&["A1"], "A, B, 'C'"),
        (&["A", "B"], "'C', A1"),
        (&["A", "C"], "B, A1"),
        (&["B", "A1"], "A, 'C'"),
        (&["A", "B", "A1"], "'C'"),
    ] {
        becomes(&flow("A, B, 'C', A1"), &without(removed), &flow(after));
    }
    let block = |items: &str| format!("LinuxParameters:\n  Capabilities:\n    Add:\n{items}Name: web\n");
    becomes(
        &block("    # first\n    - A # a\n    # second\n    - B\n    - C\n"),
        &without(&["A", "C"]),
        &block("    # first\n    # a\n    # second\n    - B\n"),
    );
    becomes(&block("      -   A\n      - B\n"), &without(&["B"]), &block("      -   A\n"));
    let last = "Name: web\nLinuxParameters:\n  Capabilities:\n    Add:\n      - A";
    becomes(&format!("{last}\n      - B\n      - C"), &without(&["B", "C"]), &format!("{last}\n"));
    becomes_in_json(
        r#"{"LinuxParameters": {"Capabilities": {"Add": ["A","B"]}}}"#,
        &without(&["A"]),
        r#"{"LinuxParameters": {"Capabilities": {"Add": ["B"]}}}"#,
    );
    stays(&flow("A"), &without(&["B"]), "no item of `Add` is written so");
    stays(&flow("!Ref A"), &without(&["B"]), "no item of `Add` is written so");
}

#[test]
fn an_emptied_list_goes_with_what_held_only_it() {
    becomes(
        "Name: web\nLinuxParameters:\n  # why\n  Capabilities:\n    Add: # what\n      - A # a\n      - B\nImage: x\n",
        &without(&["A", "B"]),
        "Name: web\n# why\n# what\n# a\nImage: x\n",
    );
    becomes(
        "Name: web\nLinuxParameters:\n  Capabilities:\n    Add: [A]\n    Drop: [ALL]\n",
        &without(&["A"]),
        "Name: web\nLinuxParameters:\n  Capabilities:\n    Drop: [ALL]\n",
    );
    becomes("{Name: web, LinuxParameters: {Capabilities: {Add: [A]}}}\n", &without(&["A"]), "{Name: web}\n");
    becomes(
        "LinuxParameters: {Capabilities: {Add: [A], Drop: [ALL]}}\n",
        &without(&["A"]),
        "LinuxParameters: {Capabilities: {Drop: [ALL]}}\n",
    );
    becomes("LinuxParameters: {Capabilities: {Add: [A]}} # c\n", &without(&["A"]), "{} # c\n");
    becomes("{ LinuxParameters: {Capabilities: {Add: [A]}} }\n", &without(&["A"]), "{}\n");
    stays(
        "LinuxParameters:\n  # why\n  Capabilities: {Add: [A]}\n",
        &without(&["A"]),
        "a comment is written beside it and nothing else",
    );
}

#[test]
fn keys_are_taken_away_and_comments_are_not() {
    becomes("Name: web\nPrivileged: true # c\nImage: x\n", &remove(), "Name: web\n# c\nImage: x\n");
    becomes("Name: web\nPrivileged: true", &remove(), "Name: web");
    becomes("Name: web\r\nPrivileged: true # c", &remove(), "Name: web\r\n# c");
    becomes("Privileged: true\nName: web\n", &remove(), "Name: web\n");
    becomes("Privileged: true # c\nName: web\n", &remove(), "# c\nName: web\n");
    becomes("Privileged: true\n# c\nName: web\n", &remove(), "\n# c\nName: web\n");
    becomes("{Name: web, Privileged: true}\n", &remove(), "{Name: web}\n");
    becomes("{Privileged: true, Name: web}\n", &remove(), "{Name: web}\n");
    stays("{Name: web}\n", &remove(), "`Privileged` is not written in the task definition");
}

#[test]
fn items_are_added_to_lists() {
    becomes("Name: web\n", &append(), "Name: web\nLinuxParameters:\n  Capabilities:\n    Drop: [ALL]\n");
    becomes(
        "LinuxParameters: {Capabilities: {Drop: [MKNOD]}}\n",
        &append(),
        "LinuxParameters: {Capabilities: {Drop: [MKNOD, ALL]}}\n",
    );
    becomes(
        "LinuxParameters:\n  Capabilities:\n    Drop:\n      - MKNOD # m\n",
        &append(),
        "LinuxParameters:\n  Capabilities:\n    Drop:\n      - MKNOD # m\n      - ALL\n",
    );
    becomes(
        "LinuxParameters:\n  Capabilities:\n    Drop:\n",
        &append(),
        "LinuxParameters:\n  Capabilities:\n    Drop: [ALL]\n",
    );
}

#[test]
fn what_is_not_written_out_stays() {
    stays("ReadonlyRootFilesystem: !Ref X\n", &READ_ONLY, "`ReadonlyRootFilesystem` comes from `Ref`");
    stays("LogConfiguration: !If [C, {}, {}]\n", &mode(), "`LogConfiguration` comes from `Fn::If`");
    stays("{Name: web, Fn::Transform: {}}\n", &READ_ONLY, "a function adds to `ContainerDefinitions`");
    stays(
        "!If [C, {Name: a}, {Name: b}]\n",
        &READ_ONLY,
        "an item of `ContainerDefinitions` comes from `Fn::If`",
    );
    stays("{Name: a, ReadonlyRootFilesystem: []}\n", &READ_ONLY, "`ReadonlyRootFilesystem` is a list");
    stays("{LogConfiguration: x}\n", &mode(), "`LogConfiguration` is a string");
    stays(
        "ReadonlyRootFilesystem: false\nReadonlyRootFilesystem: false\n",
        &READ_ONLY,
        "`ReadonlyRootFilesystem` is written twice",
    );
    let shared = "an anchor, an alias or a merge key stands for it";
    stays("Name: &x false\nReadonlyRootFilesystem: *x\n", &READ_ONLY, shared);
    stays("ReadonlyRootFilesystem: &x false\nEssential: *x\n", &READ_ONLY, shared);
    stays("{<<: {Name: web}}\n", &READ_ONLY, shared);
    becomes(
        "Name: &x web\nImage: *x\n",
        &READ_ONLY,
        "Name: &x web\nImage: *x\nReadonlyRootFilesystem: true\n",
    );
}

#[test]
fn a_container_that_is_repeated_stays() {
    let container = |ordinal| {
        let text = "Resources: {T: {Properties: {ContainerDefinitions: [&c {Name: web}, *c]}}}";
        let mut finding = finding();
        finding.container.as_mut().unwrap().ordinal = ordinal;
        let document = document(text);
        let resources = Resources::of(&document);
        let source = Source { text, document: &document, resources: &resources, task: Task::Resource("T") };
        plan(&source, &finding, &READ_ONLY)
    };
    let shared = "an anchor, an alias or a merge key stands for it";
    assert_eq!((container(1), container(2)), (Err(shared.into()), Err(shared.into())));
}

#[test]
fn what_loops_write_stays() {
    let text = "Resources:\n  Fn::ForEach::L:\n    - X\n    - [T]\n    - ${X}: {Properties: {}}\n  U: {}\n";
    let fix = Fix { item: None, ..READ_ONLY };
    assert_eq!(
        fixed_in(text, Task::Resource("T"), &fix),
        Err("a loop or a function writes the task definition".to_owned())
    );
}

#[test]
fn keys_are_spelled_right() {
    let fix = |text: &str, from: &str, to: &'static str| {
        let at = u32::try_from(text.find(from).unwrap()).unwrap();
        let place = Span::of(at, at + u32::try_from(from.len()).unwrap());
        let from = from.trim_matches('"').to_owned();
        Fix::safely(&[], Change::Respell { place, from, to })
    };
    let whole = |container: &str| {
        format!("Resources: {{T: {{Properties: {{ContainerDefinitions: [{{{container}}}]}}}}}}")
    };
    for (before, from, to, after) in [
        ("privileged: true", "privileged", "Privileged", Ok("Privileged: true")),
        ("\"PRIVILEGED\" : true", "\"PRIVILEGED\"", "Privileged", Ok("\"Privileged\" : true")),
        ("privileged: 1, Privileged: 2", "privileged", "Privileged", Err("`Privileged` is there as well")),
        ("A: !If [C, {b: 1}, {}]", "b", "B", Err("`A` comes from `Fn::If`")),
    ] {
        let text = whole(before);
        let fixed = fixed_in(&text, Task::Resource("T"), &fix(&text, from, to));
        assert_eq!(fixed, after.map(whole).map_err(str::to_owned), "{before}");
    }
    let plain =
        r#"{"containerDefinitions": [{"Privileged": true, "logConfiguration": {"options": {"Mode": "x"}}}]}"#;
    for (from, to, after) in
        [("\"Privileged\"", "Privileged", "\"privileged\""), ("\"Mode\"", "mode", "\"mode\"")]
    {
        let fixed = fixed_in(plain, plain_task(plain), &fix(plain, from, to));
        assert_eq!(fixed, Ok(plain.replacen(from, after, 1)));
    }
}

#[test]
fn plain_task_definitions_are_fixed_in_their_spelling() {
    let text = r#"{"taskDefinition": {"containerDefinitions": [{"name": "web"}]}}"#;
    let after = |added: &str| text.replace("\"web\"", &format!("\"web\", {added}"));
    assert_eq!(fixed_in(text, plain_task(text), &READ_ONLY), Ok(after("\"readonlyRootFilesystem\": true")));
    assert_eq!(
        fixed_in(text, plain_task(text), &mode()),
        Ok(after("\"logConfiguration\": {\"options\": {\"mode\": \"non-blocking\"}}"))
    );
    let volume = Fix::safely(&["EFSVolumeConfiguration", "TransitEncryption"], Change::set_text("ENABLED"));
    assert_eq!(
        title(Task::Plain(Span::NOWHERE), &volume),
        "set `efsVolumeConfiguration.transitEncryption` to `ENABLED`"
    );
    assert_eq!(
        title(Task::Plain(Span::NOWHERE), &mode()),
        "set `logConfiguration.options.mode` to `non-blocking`"
    );
    assert_eq!(
        title(Task::Plain(Span::NOWHERE), &without(&["A", "B", "C", "D"])),
        "remove `A`, `B`, `C` and 1 more from `linuxParameters.capabilities.add`"
    );
}
