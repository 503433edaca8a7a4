//! Sizes as Docker reads them.
//!
//! Owns the grammar of `max-buffer-size`: Docker's log drivers hand the text to go-units' `RAMInBytes`
//! (<https://github.com/docker/go-units/blob/master/size.go>).

/// The sizes that [`parse_docker_size`] reads, but for those that are too large, as a regular expression.
pub const DOCKER_SIZE_PATTERN: &str =
    r"^(\+?([0-9]+\.?[0-9]*|\.[0-9]+)|-(0+\.?0*|\.0+))([eE][+-]?[0-9]+)? ?([bB]|[kKmMgGtTpP]([iI]?[bB])?)?$";

/// The first number of bytes that is too large.
pub const DOCKER_SIZE_LIMIT: f64 = 9.0e18;

/// Reads a size such as `25m`, `1G`, `1.5 MiB` or `1048576`, in bytes; `None` when Docker would refuse it.
pub fn parse_docker_size(text: &str) -> Option<u64> {
    let last = text.rfind(|character: char| character.is_ascii_digit() || matches!(character, '.' | ' '))?;
    let (number, suffix) = text.split_at(last + 1);
    let number = number.strip_suffix(' ').unwrap_or(number);
    // Rust reads `inf` and `nan` as numbers; as a size they are nothing.
    let is_plain = number.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E'));
    let number = number.parse::<f64>().ok().filter(|number| is_plain && *number >= 0.0)?;
    let exponent = match suffix.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        "p" | "pb" | "pib" => 5,
        _ => return None,
    };
    let bytes = number * 1024_f64.powi(exponent);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "Docker cuts the fraction too"
    )]
    (bytes < DOCKER_SIZE_LIMIT).then_some(bytes as u64)
}

/// Writes a number of bytes the way people write it for Docker: `25m`, or bytes where that is not exact.
pub fn docker_size_text(bytes: u64) -> String {
    let units = [("g", 30), ("m", 20), ("k", 10)];
    match units.iter().find(|(_, shift)| bytes != 0 && bytes.is_multiple_of(1 << shift)) {
        Some((unit, shift)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{docker_size_text, parse_docker_size};

    #[test]
    fn reads_what_docker_reads() {
        const MIB: u64 = 1024 * 1024;
        for text in
            ["25m", "25M", "25mb", "25MiB", "25 m", "26214400", "26214400b", "25.0m", "25600k", "2.5e1m"]
        {
            assert_eq!(parse_docker_size(text), Some(25 * MIB), "{text}");
        }
        assert_eq!(parse_docker_size("1g"), Some(1024 * MIB));
        assert_eq!(parse_docker_size("2TiB"), Some(2 << 40));
        assert_eq!(parse_docker_size("3p"), Some(3 << 50));
        assert_eq!(parse_docker_size("9e18"), None, "the first that is too large");
        assert_eq!(parse_docker_size("0"), Some(0));
        for text in ["25m", "1g", "1500k", "1000", "0"] {
            assert_eq!(parse_docker_size(text).map(docker_size_text).as_deref(), Some(text));
        }
        for text in [
            "", "m", "-1m", "25 mm", "25mi", "25x", "0x10", "inf", "nan 1", "infm", "25m ", " 25m", "1e99m",
            "25  m",
        ] {
            assert_eq!(parse_docker_size(text), None, "{text:?}");
        }
    }
}
