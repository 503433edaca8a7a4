//! What the command prints and how it exits, and every console block of the README.

#[test]
fn console_blocks_hold() {
    trycmd::TestCases::new().case("tests/cli/*.trycmd").case("README.md").env("NO_COLOR", "1");
}
