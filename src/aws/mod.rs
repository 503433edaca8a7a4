//! AWS's APIs, for both programs.
//!
//! Owns how requests to AWS go over the wire, what its answers say of stacks and of a template's parameters,
//! and the words for a call that fails. Must not know what is judged, nor what depends on an answer.
//!
//! Nothing here is built before it is needed: who asks AWS nothing pays nothing.

pub mod failure;
pub mod http;
pub mod parameters;
pub mod stacks;
