//! AWS's APIs, for both programs.
//!
//! Owns how requests to AWS go over the wire, what its answers say of stacks and of a template's parameters,
//! and the words for a call that fails; for the command also whom it asks as, and what the answers say of an account's
//! stacks, of hooks and of functions. Must not know what is judged, nor what depends on an answer.
//!
//! Nothing here is built before it is needed: who asks AWS nothing pays nothing.

#[cfg(feature = "cli")]
pub mod account;
#[cfg(feature = "cli")]
mod credentials;
pub mod failure;
#[cfg(feature = "cli")]
pub mod function;
#[cfg(feature = "cli")]
pub mod hooks;
pub mod http;
pub mod parameters;
#[cfg(feature = "cli")]
pub mod session;
pub mod stacks;
#[cfg(feature = "cli")]
mod times;
