//! The fuzz targets: libFuzzer invents, `tests/invariants/` says what must hold.
//!
//! Owns nothing but the joint between the two.

#[path = "../../tests/invariants/mod.rs"]
mod invariants;

/// Tries one text at an entrance, by its name.
///
/// # Panics
/// If there is no such entrance, or something does not hold that must.
pub fn hold(entrance: &str, bytes: &[u8]) {
    let of_name = invariants::ENTRANCES.iter().find(|(name, _)| *name == entrance);
    invariants::hold(of_name.expect("an entrance").1, bytes);
}
