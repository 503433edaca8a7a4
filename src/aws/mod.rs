//! AWS's APIs, for both programs.
//!
//! Owns how requests to AWS go over the wire, what its answers say of a template's parameters, and the words for a
//! call that fails; for the command also whom it asks as, and what its answers say of stacks, hooks and functions. Must
//! not know what is judged, nor what depends on an answer.
//!
//! Nothing here is built before it is needed: who asks AWS nothing pays nothing.

pub mod failure;
#[cfg(feature = "cli")]
pub mod function;
#[cfg(feature = "cli")]
pub mod hooks;
pub mod http;
pub mod parameters;
#[cfg(feature = "cli")]
pub mod session;
#[cfg(feature = "cli")]
pub mod stacks;
