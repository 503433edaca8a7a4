//! The fuzz targets: libFuzzer invents, `tests/invariants/` says what must hold, and here memory is held to a bound.
//!
//! Owns how much memory an input may take. How long it may take is libFuzzer's `-timeout`, in `fuzz.mk`. Must not know
//! what an input is for.

#[path = "../../tests/invariants/mod.rs"]
pub mod invariants;

use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What any input may take, in bytes: copies that aliases and loops ask for, and the cases of one task definition.
const BASE: usize = 64 << 20;

/// What each byte of an input may take beside that.
const FOR_EACH_BYTE: usize = 4096;

/// Tries one input. Panics if something does not hold, or if it took too much memory.
pub fn run(entrance: fn(&[u8]), bytes: &[u8]) {
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    entrance(bytes);
    let taken = ALLOCATOR.peak_usage().saturating_sub(before);
    let limit = BASE + FOR_EACH_BYTE * bytes.len();
    assert!(taken <= limit, "{taken} bytes of memory for {} bytes of input, and {limit} are allowed", bytes.len());
}

/// The fuzz target of an entrance.
#[macro_export]
macro_rules! target {
    ($entrance:ident) => {
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $crate::run($crate::invariants::$entrance, bytes));
    };
}
