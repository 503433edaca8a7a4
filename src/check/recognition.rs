//! Which texts are worth reading at all: those of a directory are mostly about something else.
//!
//! Owns the words that a text must hold to be ours. Must not parse; what a text is, its reader says.

/// Whether a text could hold a task definition. Cheap, and never wrongly `false`: a word may be in any casing, or
/// spelled with escapes, or be put together by a loop; a macro or a module may add anything.
pub fn could_concern(text: &str) -> bool {
    let bytes = text.as_bytes();
    let words: [&[u8]; 4] =
        [b"TaskDefinition", b"ContainerDefinitions", b"CloudFormation::Stack", b"Serverless::Application"];
    bytes.iter().enumerate().any(|(at, byte)| {
        let rest = bytes.get(at..).unwrap_or_default();
        match byte {
            b'T' if may_be_macro(rest) => true,
            b'T' | b't' | b'C' | b'c' | b'S' | b's' => words
                .iter()
                .any(|word| rest.get(..word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word))),
            b'\\' => matches!(rest.get(1), Some(b'u' | b'U' | b'x' | b'\n' | b'\r')),
            b'F' => rest.starts_with(b"Fn::ForEach"),
            b':' => rest.starts_with(b"::MODULE"),
            _ => false,
        }
    })
}

/// Whether a text begins with a `Transform` that may name more than AWS's own macros, which add no task definitions.
fn may_be_macro(text: &[u8]) -> bool {
    let Some(mut rest) = text.strip_prefix(b"Transform") else { return false };
    if !rest.first().is_some_and(|byte| b"\"': \t\r\n{".contains(byte)) {
        return false;
    }
    loop {
        rest = behind(rest, b"\"':[,- \t\r\n");
        if !rest.starts_with(b"AWS::") || rest.starts_with(b"AWS::Include") {
            return true;
        }
        let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b":-".contains(byte);
        let end = rest.iter().position(|byte| !is_of_name(byte)).unwrap_or(rest.len());
        rest = behind(rest.get(end..).unwrap_or_default(), b"\"' \t\r\n");
        if !rest.first().is_some_and(|byte| b",-".contains(byte)) {
            return false;
        }
    }
}

/// What comes behind some characters and comments.
fn behind<'t>(text: &'t [u8], characters: &[u8]) -> &'t [u8] {
    let mut rest = text;
    loop {
        let start = rest.iter().position(|byte| !characters.contains(byte)).unwrap_or(rest.len());
        rest = rest.get(start..).unwrap_or_default();
        if !rest.starts_with(b"#") {
            return rest;
        }
        let end = rest.iter().position(|byte| b"\r\n".contains(byte)).unwrap_or(rest.len());
        rest = rest.get(end..).unwrap_or_default();
    }
}
