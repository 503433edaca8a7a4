//! Task definitions for two judges: every value is known, and most are of the type they should be.
//!
//! Owns which values are worth judging. Must not know what anybody says of them.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// The properties of a task definition.
pub(crate) fn properties() -> impl Strategy<Value = Value> {
    let containers = prop_oneof![
        30 => prop::collection::vec(container(), 1..=3).prop_map(Value::Array),
        1 => select(vec![json!([]), json!([null]), json!("web"), json!({}), json!({"Name": "web"}), json!(1), json!(null), json!(["web"]), json!([[]]), json!([true, null])]),
    ];
    let platform = prop_oneof![
        8 => Just(json!({"OperatingSystemFamily": "LINUX"})),
        4 => select(vec!["WINDOWS_SERVER_2022_CORE", "WINDOWS_SERVER_", "WINDOWS", "windows_server_2022_core", " WINDOWS_SERVER_2022_CORE", ""])
            .prop_map(|family| json!({"OperatingSystemFamily": family})),
        2 => wrong().prop_map(|family| json!({"OperatingSystemFamily": family})),
        1 => wrong(),
    ];
    (maybe(60, containers), maybe(1, platform)).prop_map(|(containers, platform)| {
        object([("ContainerDefinitions", containers), ("RuntimePlatform", platform)])
    })
}

fn container() -> impl Strategy<Value = Value> {
    let boolean = || prop_oneof![6 => any::<bool>().prop_map(Value::from), 3 => boolean_text(), 1 => wrong()];
    let user = prop_oneof![12 => user().prop_map(Value::from), 4 => number(), 1 => wrong()];
    let log = prop_oneof![20 => log_configuration(), 1 => wrong()];
    let linux = prop_oneof![12 => linux_parameters(), 1 => wrong()];
    (maybe(4, boolean()), maybe(8, boolean()), maybe(10, user), maybe(3, log), maybe(2, linux)).prop_map(
        |(privileged, read_only, user, log, linux)| {
            object([
                ("Name", Some(json!("web"))),
                ("Privileged", privileged),
                ("ReadonlyRootFilesystem", read_only),
                ("User", user),
                ("LogConfiguration", log),
                ("LinuxParameters", linux),
            ])
        },
    )
}

fn boolean_text() -> impl Strategy<Value = Value> {
    select(vec![
        "true",
        "false",
        "TRUE",
        "False",
        "fAlSe",
        "tRUe",
        "yes",
        "no",
        "1",
        "0",
        "",
        " true",
        "false ",
        "fal\u{17f}e",
        "falſe",
    ])
    .prop_map(Value::from)
}

/// A user in every spelling that some reader takes for root, and what only looks like one.
fn user() -> impl Strategy<Value = String> {
    let part = || {
        prop_oneof![
            4 => select(vec!["root", "0", "00", "+0", "-0", "", "1000", "app", "nonroot", "rootless", "Root", " root", "0x0", "0_0", "ro\u{200b}ot", "\u{a0}0", "2147483647", "2147483648", "4294967296", "-2147483648", "+02147483648", "18446744073709551616"]).prop_map(str::to_owned),
            2 => "[rRoOtT0 1x+\\-\u{200b}\u{a0}\t]{0,6}",
            1 => "[+-]?0{0,3}[0-9]{1,12}",
        ]
    };
    let joined = prop::collection::vec(part(), 1..=3).prop_map(|parts| parts.join(":"));
    prop_oneof![6 => joined, 1 => "[a-z0:_-]{0,8}", 1 => any::<String>()]
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => select(vec![json!(0), json!(-1), json!(1), json!(1000), json!(2_147_483_647), json!(2_147_483_648_i64), json!(-2_147_483_647), json!(-2_147_483_648_i64), json!(4_294_967_296_i64), json!(26_214_399), json!(26_214_400), json!(0.0), json!(-0.0), json!(0.5), json!(26_214_400.0), json!(26_214_399.5), json!(1000.0)]),
        1 => any::<i32>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
    ]
}

/// What belongs nowhere that a rule looks.
fn wrong() -> impl Strategy<Value = Value> {
    select(vec![
        json!(null),
        json!([]),
        json!({}),
        json!(["0"]),
        json!({"a": "b"}),
        json!(true),
        json!(false),
        json!(7),
        json!(0),
        json!(1.5),
        json!("other"),
        json!(""),
    ])
}

fn linux_parameters() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        6 => select(vec!["SYS_ADMIN", "cap_sys_admin", "ALL", "NET_RAW", "none", ""]).prop_map(Value::from),
        2 => Just(Value::Null),
        1 => wrong(),
    ];
    let add = prop_oneof![8 => prop::collection::vec(name, 0..=2).prop_map(Value::Array), 1 => wrong()];
    let capabilities = maybe(3, add).prop_map(|add| object([("Drop", Some(json!(["ALL"]))), ("Add", add)]));
    let capabilities = prop_oneof![8 => capabilities, 1 => wrong()];
    maybe(5, capabilities).prop_map(|capabilities| {
        object([("InitProcessEnabled", Some(json!(true))), ("Capabilities", capabilities)])
    })
}

fn log_configuration() -> impl Strategy<Value = Value> {
    let driver = prop_oneof![
        16 => Just(json!("awslogs")),
        4 => select(vec!["AWSLOGS", " awslogs", "awslogs\n", "\u{2003}awslogs", "awsfirelens", "json-file", "awslog", "awslogs2", "aw\u{17f}logs", ""]).prop_map(Value::from),
        1 => wrong(),
    ];
    let mode = prop_oneof![
        12 => Just(json!("non-blocking")),
        4 => select(vec!["blocking", "NON-BLOCKING", "non-blocking ", ""]).prop_map(Value::from),
        1 => wrong(),
    ];
    let size = prop_oneof![16 => size().prop_map(Value::from), 3 => number(), 1 => wrong()];
    let options = (maybe(8, mode), maybe(8, size)).prop_map(|(mode, size)| {
        object([("awslogs-group", Some(json!("g"))), ("mode", mode), ("max-buffer-size", size)])
    });
    let options = prop_oneof![20 => options, 1 => wrong()];
    (maybe(20, driver), maybe(10, options))
        .prop_map(|(driver, options)| object([("LogDriver", driver), ("Options", options)]))
}

/// A size as Docker reads them, and what it would refuse.
fn size() -> impl Strategy<Value = String> {
    let digits = prop_oneof![
        6 => select(vec!["25", "24", "26", "025", "25600", "25599", "26214400", "26214399", "1", "0", "", "100"]).prop_map(str::to_owned),
        3 => "[0-9]{1,9}",
        1 => "[1-9][0-9]{9,18}",
    ];
    let fraction = prop_oneof![8 => Just(String::new()), 1 => "\\.[0-9]{0,4}"];
    let exponent = prop_oneof![12 => Just(""), 1 => select(vec!["e1", "E-1", "e+7", "e", "e0"])];
    let unit = prop_oneof![
        8 => select(vec!["m", "M", "k", "g", "", "b", "mb", "MiB", "kb", "KiB", "gb", "T", "pib"]),
        1 => select(vec!["mi", "x", "e", "ki", "bb", "\u{212a}", "\u{ff4d}", "m\n"]),
    ];
    let sign = prop_oneof![12 => Just(""), 1 => select(vec!["+", "-", " ", "++"])];
    let space = prop_oneof![10 => Just(""), 1 => Just(" "), 1 => Just("  ")];
    (sign, digits, fraction, exponent, space, unit).prop_map(
        |(sign, digits, fraction, exponent, space, unit)| {
            format!("{sign}{digits}{fraction}{exponent}{space}{unit}")
        },
    )
}

/// Something, `weight` times as often as nothing.
fn maybe(weight: u32, strategy: impl Strategy<Value = Value>) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![1 => Just(None), weight => strategy.prop_map(Some)]
}

fn object<const COUNT: usize>(entries: [(&str, Option<Value>); COUNT]) -> Value {
    let written = entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(written.collect::<Map<_, _>>())
}
