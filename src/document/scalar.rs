//! How the text of an unquoted scalar reads.
//!
//! Owns the number and boolean words of YAML 1.1 (<https://yaml.org/type/>), YAML 1.2 and JSON: CloudFormation
//! documents YAML 1.1, parsers in the field mix them, and JSON is the hook's format. Must not know what a
//! value is for.

use super::Value;

/// A scalar read as a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'a> {
    /// The string, or the number in its original spelling.
    pub text: &'a str,
    /// Whether it was an unquoted number: another reader may see the number, not the spelling.
    pub is_number: bool,
}

/// The value an unquoted YAML scalar stands for.
pub(super) fn plain(text: &str) -> Value<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Value::Bool(false),
        _ if digits_of(text).is_some() => Value::Number(text.into()),
        _ => Value::String(text.into()),
    }
}

/// Whether an unquoted scalar is a number equal to zero in YAML 1.1, YAML 1.2 or JSON, whatever its spelling
/// (`0`, `-0`, `0x0`, `0b0`, `0_0`, `0.0`, `0e0`).
pub fn is_zero(text: &str) -> bool {
    // A number too small for a double is zero to everyone who reads it as one.
    let underflows = |digits: &str| {
        digits.len() < text.len() && text.replace('_', "").parse::<f64>().is_ok_and(|number| number == 0.0)
            || digits.contains('.') && digits.parse::<f64>().is_ok_and(|number| number == 0.0)
    };
    if digits_of(text).is_some_and(underflows) {
        return true;
    }
    digits_of(text).is_some_and(|digits| {
        digits.bytes().all(|byte| !matches!(byte, b'1'..=b'9' | b'a'..=b'z' | b'A'..=b'Z'))
    })
}

/// How many digits every reader of numbers keeps.
const EXACT_DIGITS: usize = 15;

/// Whether every reader of YAML and JSON makes the same text of a number again: of `010`, `-0` and `1.50` some make 8, 0
/// and 1.5.
pub fn is_plain_decimal(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    number == "0"
        || (1..=EXACT_DIGITS).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether some reader makes `text` of an unquoted number.
pub fn may_be_read_as(number: &str, text: &str) -> bool {
    number == text
        || match (readings(number), readings(text)) {
            (Some(numbers), Some(texts)) => numbers.iter().any(|number| texts.contains(number)),
            (Some(_), None) => false,
            (None, _) => true,
        }
}

/// Whether some reader makes the same text of two unquoted numbers.
pub fn may_be_read_alike(one: &str, other: &str) -> bool {
    match readings(one) {
        Some(_) => may_be_read_as(other, one),
        None => true,
    }
}

/// What number a text may be read as; `None`: it is none, or has no end.
fn readings(text: &str) -> Option<Vec<f64>> {
    digits_of(text)?;
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (-1.0, unsigned),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = unsigned.replace('_', "");
    let of_radix = |digits: &str, radix: u32| {
        digits.chars().try_fold(0.0, |number, digit| {
            Some(f64::mul_add(number, f64::from(radix), f64::from(digit.to_digit(radix)?)))
        })
    };
    let based = [("0x", 16), ("0b", 2), ("0o", 8)];
    let numbers = if let Some((prefix, radix)) = based.iter().find(|(prefix, _)| digits.starts_with(prefix)) {
        vec![of_radix(digits.strip_prefix(prefix)?, *radix)?]
    } else if digits.contains(':') {
        let mut parts = digits.split(':').map(|part| part.parse::<f64>().ok());
        vec![parts.try_fold(0.0, |number, part| Some(f64::mul_add(number, 60.0, part?)))?]
    } else {
        // What begins with zero counts in base eight or ten.
        let octal = of_radix(&digits, 8).filter(|_| digits.starts_with('0'));
        digits.parse::<f64>().ok().into_iter().chain(octal).collect()
    };
    let is_finite = !numbers.is_empty() && numbers.iter().all(|number| number.is_finite());
    is_finite.then(|| numbers.into_iter().map(|number| sign * number).collect())
}

/// The part of a number that decides whether it is zero: without sign, base prefix and exponent. `None` when
/// `text` is not a number.
fn digits_of(text: &str) -> Option<&str> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let only = |digits: &str, allowed: fn(u8) -> bool| {
        !digits.is_empty() && digits.bytes().all(|byte| byte == b'_' || allowed(byte))
    };
    let based = [
        ("0x", (|byte| byte.is_ascii_hexdigit()) as fn(u8) -> bool),
        ("0b", |byte| matches!(byte, b'0' | b'1')),
        ("0o", |byte| matches!(byte, b'0'..=b'7')),
    ];
    for (prefix, allowed) in based {
        if let Some(digits) = unsigned.strip_prefix(prefix) {
            return only(digits, allowed).then_some(digits);
        }
    }
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(unsigned);
    }
    if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    if unsigned.contains(':') {
        return is_sexagesimal(unsigned).then_some(unsigned);
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let has_digits = whole.bytes().any(is_digit) || fraction.bytes().any(is_digit);
    let exponent_holds = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && digits.bytes().all(is_digit)
    });
    let part_holds = |part: &str| part.bytes().all(|byte| byte == b'_' || byte.is_ascii_digit());
    (has_digits && exponent_holds && part_holds(whole) && part_holds(fraction)).then_some(mantissa)
}

/// YAML 1.1's base 60: `190:20:30`, and with a fraction `190:20:30.15`.
fn is_sexagesimal(unsigned: &str) -> bool {
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    // Without a fraction the first part must not begin with zero: `0:0` is a string.
    let first_holds = first
        .starts_with(|digit: char| digit.is_ascii_digit() && (fraction.is_some() || digit != '0'))
        && first.bytes().all(|byte| byte == b'_' || byte.is_ascii_digit());
    let sixtieth = |part: &str| match part.as_bytes() {
        [digit] => digit.is_ascii_digit(),
        [tens, digit] => matches!(tens, b'0'..=b'5') && digit.is_ascii_digit(),
        _ => false,
    };
    first_holds
        && parts.all(sixtieth)
        && fraction.is_none_or(|digits| digits.bytes().all(|byte| byte == b'_' || byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::{is_plain_decimal, is_zero, may_be_read_alike, may_be_read_as, plain};

    #[test]
    fn what_a_reader_may_make_of_a_number() {
        for (number, texts) in [
            ("010", ["010", "8", "10"]),
            ("0x0", ["0x0", "0", "-0"]),
            ("-0", ["-0", "0", "0.0"]),
            ("1e3", ["1e3", "1000", "1000.0"]),
            ("0.50", ["0.5", "5.0E-1", ".5"]),
            ("190:20:30", ["190:20:30", "685230", "685230.0"]),
            ("1_000", ["1_000", "1000", "1e3"]),
            ("0b11", ["3", "0b11", "3.0"]),
            (".inf", [".inf", "Infinity", "inf"]),
            ("9007199254740993", ["9007199254740993", "9007199254740992", "9.007199254740992E15"]),
        ] {
            assert!(!is_plain_decimal(number), "{number}");
            for text in texts {
                assert!(may_be_read_as(number, text), "{number} {text}");
            }
            for text in ["2", "", "root", "0x1"] {
                assert!(number == ".inf" || !may_be_read_as(number, text), "{number} {text}");
            }
        }
        for number in ["0", "5", "-1", "-20", "111111111111"] {
            assert!(is_plain_decimal(number), "{number}");
        }
        assert!(may_be_read_alike("010", "0x8") && may_be_read_alike(".5", "0.5"));
        assert!(!may_be_read_alike("0.5", "0.25") && may_be_read_alike("0.5", ".nan"));
    }

    #[test]
    fn numbers_of_every_dialect_are_numbers() {
        let numbers = [
            "0",
            "-0",
            "+0",
            "00",
            "010",
            "08",
            "0x0",
            "0xff_ff",
            "0b01",
            "0o17",
            "1_000",
            "0_0",
            "1.5",
            "1.",
            ".5",
            "1e3",
            "0e0",
            "1.5E-3",
            "1000:0",
            "1001:50",
            "190:20:30.15",
            "0:0.5",
            ".inf",
            "-.INF",
            ".nan",
        ];
        for text in numbers {
            assert_eq!(plain(text), Value::Number(text.into()), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_number_is_a_string() {
        let strings = [
            "inf",
            "nan",
            "infinity",
            "0:0",
            "1001:1001",
            "1000:",
            ":0",
            ".",
            "_1",
            "1e",
            "0x",
            "0xg",
            "1.2.3",
            "+",
            "-",
            "25m",
            "1000:60",
            "2026-11-23",
            "-.nan",
            "0b2",
        ];
        for text in strings {
            assert_eq!(plain(text), Value::String(text.into()), "{text}");
        }
    }

    #[test]
    fn words() {
        for (text, value) in
            [("yes", true), ("On", true), ("TRUE", true), ("no", false), ("off", false), ("False", false)]
        {
            assert_eq!(plain(text), Value::Bool(value), "{text}");
        }
        for text in ["", "~", "null"] {
            assert_eq!(plain(text), Value::Null, "{text}");
        }
        for text in ["y", "n", "tRUE", "nuLL"] {
            assert_eq!(plain(text), Value::String(text.into()), "{text}");
        }
    }

    #[test]
    fn zero_is_zero_in_any_spelling() {
        for text in [
            "0",
            "-0",
            "+0",
            "00",
            "0x0",
            "0X0_0".to_lowercase().as_str(),
            "0b0",
            "0o0",
            "0_0",
            "0.0",
            "0e9",
            ".0",
            "0:0.0",
            "1e-400",
            "-2e-324",
        ] {
            assert!(is_zero(text), "{text}");
        }
        for text in ["1", "0x10", "0.1", "1e0", "root", "", "0:0", "1000:0", ".inf", ".nan"] {
            assert!(!is_zero(text), "{text}");
        }
    }
}
