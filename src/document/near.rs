//! Words that may have been meant.
//!
//! Owns how near two words must be. Must not know what the words are for.

/// The longest text that may be meant for a word, in bytes. Comparing takes time with the length of both.
const LONGEST: usize = 64;

/// The known word nearest to what was written, if one is near.
pub fn did_you_mean<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    if written.len() > LONGEST {
        return None;
    }
    let lower = written.to_ascii_lowercase().replace('_', "-");
    let near = known
        .map(|word| (strsim::jaro_winkler(&lower, &word.to_ascii_lowercase().replace('_', "-")), word))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    near.map(|(_, word)| format!("did you mean `{word}`?"))
}
