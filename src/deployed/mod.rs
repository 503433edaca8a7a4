//! A hook that is deployed: what it said lately, and whether it is as it should be.
//!
//! Owns what follows from what AWS tells of a hook. Pure. Must not know how AWS is asked, nor how anything is shown.

pub mod results;
pub mod status;
